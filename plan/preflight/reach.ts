import type { Finding } from "../finding";
import { blame, type FailedTrial, othersOf, reasonsOf, type Tried } from "./blame";

export interface FailedPort extends FailedTrial {
  readonly port: number;
  /** `the containers' sshd` */
  readonly use: string;
}

export interface ReachTrials {
  readonly failed: readonly FailedPort[];
  readonly tried: Tried;
  /** How many ports of a node each other one tried. */
  readonly portsOf: (node: string) => number;
  /** Nodes where nothing could be tried, with the reason. */
  readonly untried: readonly { readonly node: string; readonly reason: string }[];
}

/** TCP from each node to each other one, on the ports that will be used. */
export function reachFindings({ failed, tried, portsOf, untried }: ReachTrials): Finding[] {
  return [
    ...untried.map(
      ({ node, reason }): Finding => ({
        code: "ports-untried",
        severity: "warning",
        host: node,
        fact: `whether its ports can be reached was not tried: ${reason}`,
        why: "a firewall would be found by the first job only, which hangs",
        remedy: "apt-get install -y python3 on the host, then muster doctor again",
      }),
    ),
    ...blame(failed, tried, portsOf).map(({ node, side, trials }): Finding => {
      const others = othersOf(side, trials);
      const ports = [...new Set(trials.map(({ port, use }) => `${port} (${use})`))].join(", ");
      return {
        code: side === "to" ? "ports-closed" : "ports-unreached",
        severity: "error",
        host: node,
        fact:
          side === "to"
            ? `port ${ports} is not reached from ${others}: ${reasonsOf(trials)}`
            : `it reaches no port of ${others}: ${reasonsOf(trials)}`,
        why: "every node of a job connects to every other one, also on ports that the kernel chooses: it would hang at its start",
        remedy:
          side === "to"
            ? "let the other nodes in: ufw allow from ADDRESS, or firewall-cmd --zone=trusted --add-source=ADDRESS"
            : "let it out: look at iptables -S OUTPUT, at the routes, and at the security group of the network",
      };
    }),
  ];
}
