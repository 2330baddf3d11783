import type { Finding } from "../finding";
import { blame, type FailedTrial, othersOf, reasonsOf, type Tried } from "./blame";

/** Up to so many nodes every pair is tried. */
const ALL_PAIRS = 8;

/**
 * Which nodes each node logs in to. Up to eight: all others. Beyond: the first to all, all to the first, and each to the next one, so that
 * every node is proven in both directions with 3N logins instead of N x N.
 */
export function meshPairs(nodes: readonly string[], isFull = false): Tried {
  const others = (node: string) => nodes.filter(other => other !== node);
  if (isFull || nodes.length <= ALL_PAIRS) return new Map(nodes.map(node => [node, others(node)]));
  const [first = ""] = nodes;
  return new Map(
    nodes.map((node, index) => {
      const next = nodes[(index + 1) % nodes.length] ?? first;
      return [node, index === 0 ? others(node) : [...new Set([first, next])]];
    }),
  );
}

export interface MeshTrials {
  readonly failed: readonly FailedTrial[];
  readonly tried: Tried;
  readonly untried: readonly { readonly node: string; readonly reason: string }[];
}

/** ssh from container to container, as launchers use it. */
export function meshFindings({ failed, tried, untried }: MeshTrials): Finding[] {
  return [
    ...untried.map(
      ({ node, reason }): Finding => ({
        code: "mesh-untried",
        severity: "warning",
        host: node,
        fact: `whether it logs in to the other nodes was not tried: ${reason}`,
        why: "a login that fails would be found by the first job only",
        remedy: "muster up, then muster doctor again",
      }),
    ),
    ...blame(failed, tried).map(({ node, side, trials }): Finding => {
      const others = othersOf(side, trials);
      return {
        code: side === "to" ? "ssh-refused" : "ssh-failing",
        severity: "error",
        host: node,
        fact:
          side === "to"
            ? `${others} cannot log in to its container by ssh: ${reasonsOf(trials)}`
            : `its container cannot log in to ${others} by ssh: ${reasonsOf(trials)}`,
        why: "torchrun's launchers, DeepSpeed, pdsh and the gathering of shards go over this ssh",
        remedy: "muster up puts keys, known_hosts and sshd right; docker logs of the container tells more",
      };
    }),
  ];
}
