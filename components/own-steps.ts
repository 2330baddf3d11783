import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { command, quote } from "../remote/shell";
import type { GpuNode } from "./gpu-node";
import { rankPlace } from "./rank-place";
import type { StepConnection } from "./step-connection";

/**
 * The user's own commands (`steps` of the cluster file) on one node, in its container or in the environment on the host.
 * @pulumi/command has no Read: a step runs again when its text changes, and with `rerun: container` when the container is new.
 */
export function ownSteps(
  settings: Cluster,
  connections: ReadonlyMap<string, StepConnection>,
  name: string,
  node: GpuNode | undefined,
  options: { readonly parent: pulumi.Resource; readonly dependsOn: readonly pulumi.Resource[] },
): pulumi.Resource[] {
  const connection = connections.get(name);
  if (!connection) return [];
  const inside = placed(settings);
  return settings.steps
    .filter(step => step.nodes === "all" || step.nodes.includes(name))
    .map(
      step =>
        new remote.Command(
          `${settings.name}-${name}-step-${step.name}`,
          {
            connection,
            create: inside,
            stdin: step.run,
            triggers: [step.run, ...(node && step.rerun === "container" ? [node.container.incarnation] : [])],
            addPreviousOutputInEnv: false,
          },
          { parent: options.parent, dependsOn: [...(node ? [node.container] : []), ...options.dependsOn] },
        ),
    );
}

/** Shell that becomes the one for a step: it reads the step's text from standard input. */
function placed(settings: Cluster): string {
  const { container, env, workdir } = rankPlace(settings);
  const shell = ["bash", "-seuo", "pipefail"];
  if (container !== undefined) return command(["docker", "exec", "-i", "-w", workdir, container, ...shell]);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return `cd ${quote(workdir)} && exec ${command(["env", ...variables, ...shell])}`;
}
