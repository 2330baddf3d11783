import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { quote } from "../remote/shell";
import type { GpuNode } from "./gpu-node";
import type { StepConnection } from "./step-connection";

/**
 * The user's own commands (`steps` of the cluster file) on one node, in its container. @pulumi/command has no Read: a step runs
 * again when its text changes, and with `rerun: container` when the container is new.
 */
export function ownSteps(
  settings: Cluster,
  connections: ReadonlyMap<string, StepConnection>,
  name: string,
  node: GpuNode,
  options: { readonly parent: pulumi.Resource; readonly dependsOn: readonly pulumi.Resource[] },
): pulumi.Resource[] {
  const connection = connections.get(name);
  if (!connection) return [];
  const inside = `docker exec -i -w ${quote(settings.container.workdir)} ${settings.container.name} bash -seuo pipefail`;
  return settings.steps
    .filter(step => step.nodes === "all" || step.nodes.includes(name))
    .map(
      step =>
        new command.remote.Command(
          `${settings.name}-${name}-step-${step.name}`,
          {
            connection,
            create: inside,
            stdin: step.run,
            triggers: [step.run, ...(step.rerun === "container" ? [node.container.incarnation] : [])],
            addPreviousOutputInEnv: false,
          },
          { parent: options.parent, dependsOn: [node.container, ...options.dependsOn] },
        ),
    );
}
