import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";

/** Ports of the cluster that something else listens on. */
export function portFindings({ node, portHolders }: HostSight, wanted: Pick<Wanted, "ports">): Finding[] {
  const holders = (portHolders && presentValue(portHolders)) ?? [];
  return wanted.ports(node).flatMap(({ port, use, path }): Finding[] => {
    const holder = holders.find(each => each.port === port);
    if (!holder) return [];
    return [
      {
        code: "port-taken",
        severity: "error",
        host: node,
        path,
        fact: `${holder.program ?? "something"} listens on port ${port}`,
        why: `it is wanted for ${use}`,
        remedy: `ss -lntp 'sport = :${port}' names the process; stop it, or choose another port`,
      },
    ];
  });
}
