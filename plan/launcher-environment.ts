import type { Finding } from "./finding";
import type { NodeNetwork } from "./network";
import { byValue } from "./node-list";

/**
 * DeepSpeed's launcher gives the NCCL variables of the first node to all (deepspeed/launcher/runner.py exports by prefix): nodes whose
 * interfaces or ports have other names cannot be started by it.
 * @param nodes those of the training, the first one first
 */
export function launcherFindings(nodes: readonly NodeNetwork[]): Finding[] {
  const names = [...new Set(nodes.flatMap(node => Object.keys(node.env)))].filter(name => name.startsWith("NCCL_"));
  return names.flatMap((name): Finding[] => {
    const values = nodes.map(({ node, env }) => ({ node, value: env[name] ?? "nothing" }));
    if (new Set(values.map(each => each.value)).size < 2) return [];
    return [
      {
        code: "deepspeed-one-environment",
        severity: "error",
        path: "pipeline.train.launcher",
        fact: `${name} is ${byValue(values)}`,
        why: "the launcher gives all nodes the NCCL variables of the first, and the others would find no such interface or port",
        remedy: "remove launcher: torchrun has variables of its own on each node",
      },
    ];
  });
}
