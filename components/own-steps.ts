import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { asList } from "../remote/host-table";
import { quote } from "../remote/shell";
import type { GpuNode } from "./gpu-node";
import type { OperatorSide } from "./operator-side";

/**
 * The user's own commands (`steps` of the cluster file), in the containers. @pulumi/command has no Read: a step runs again
 * when its text changes, and with `rerun: container` when the container is new.
 */
export function ownSteps(
  settings: Cluster,
  operator: OperatorSide,
  nodes: ReadonlyMap<string, GpuNode>,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const hosts = new Map(operator.hostTable.map(host => [host.name, host]));
  return settings.steps.flatMap(step => {
    const names = step.nodes === "all" ? [...nodes.keys()] : step.nodes;
    return names.flatMap(name => {
      const node = nodes.get(name);
      const host = hosts.get(name);
      const [identityFile] = asList(host?.identityFile);
      if (!node || !host) return [];
      const inside = `docker exec -i -w ${quote(settings.container.workdir)} ${settings.container.name} bash -seuo pipefail`;
      return [
        new command.remote.Command(
          `${settings.name}-${name}-step-${step.name}`,
          {
            connection: {
              host: host.address,
              port: host.port ?? 22,
              user: host.user,
              hostKey: host.hostKeys[0] ?? "",
              ...(identityFile === undefined ? {} : { privateKey: pulumi.secret(operator.privateKey(identityFile)) }),
            },
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
