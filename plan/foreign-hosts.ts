import type { Finding } from "./finding";
import type { KnownHost } from "./known-facts";

/** Hosts that another stack manages: the two would undo each other's work for ever. */
export function foreignHosts(hosts: readonly KnownHost[]): Finding[] {
  return hosts
    .filter(host => host.foreignOwner)
    .map(({ node, foreignOwner }) => ({
      code: "managed-elsewhere",
      severity: "error",
      host: node,
      fact: `it is managed by another stack: ${foreignOwner}`,
      why: "keys, files and containers of one would be drift to the other, and be undone by it",
      remedy: `use that stack and its state; or, if it is gone for good, take the host over: MUSTER_TAKE_OVER=${node}`,
    }));
}
