import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { quote } from "../remote/shell";
import type { GpuNode } from "./gpu-node";
import type { StepConnection } from "./step-connection";

/**
 * The user's own commands (`steps` of the cluster file), in the containers. @pulumi/command has no Read: a step runs again
 * when its text changes, and with `rerun: container` when the container is new.
 */
export function ownSteps(
  settings: Cluster,
  connections: ReadonlyMap<string, StepConnection>,
  nodes: ReadonlyMap<string, GpuNode>,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return settings.steps.flatMap(step => {
    const names = step.nodes === "all" ? [...nodes.keys()] : step.nodes;
    return names.flatMap(name => {
      const node = nodes.get(name);
      const connection = connections.get(name);
      if (!node || !connection) return [];
      const inside = `docker exec -i -w ${quote(settings.container.workdir)} ${settings.container.name} bash -seuo pipefail`;
      return [
        new command.remote.Command(
          `${settings.name}-${name}-step-${step.name}`,
          {
            connection,
            create: inside,
            stdin: step.run,
            triggers: [step.run, ...(step.rerun === "container" ? [node.container.incarnation] : [])],
            addPreviousOutputInEnv: false,
          },
          { ...options, dependsOn: [node.container, ...resourcesOf(options.dependsOn)] },
        ),
      ];
    });
  });
}

function resourcesOf(dependsOn: pulumi.CustomResourceOptions["dependsOn"]): pulumi.Resource[] {
  return Array.isArray(dependsOn) ? (dependsOn as pulumi.Resource[]) : [];
}
