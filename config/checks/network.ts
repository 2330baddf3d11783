import type { Check, CheckRule } from "../check";

/** Nodes that the network's settings name and the cluster does not have: their setting would do nothing. */
export const checkNetwork: CheckRule = ({ network, hosts }) => {
  const known = new Set(hosts.map(host => host.name));
  const byNode = [
    ["interface", network.interface],
    ["address", network.address],
    ["hca", network.hca],
    ["gidIndex", network.gidIndex],
  ] as const;
  return byNode.flatMap(([field, value]): Check[] => {
    if (typeof value !== "object" || Array.isArray(value)) return [];
    return Object.keys(value)
      .filter(name => !known.has(name))
      .map(name => ({
        code: "node-unknown",
        severity: "error",
        path: ["network", field, name],
        found: `${name}, which is no host`,
        expected: `one of ${[...known].slice(0, 8).join(", ")}${known.size > 8 ? " …" : ""}`,
        remedy: "correct the name, or remove the line",
      }));
  });
};
