import type { Finding } from "./finding";
import type { NodeNetwork } from "./network";
import { byValue } from "./node-list";

/** Variables that the cluster file sets for all nodes. */
export interface SettledEnvironment {
  /** Where it stands: `network.env`. */
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Variables of the cluster file that say something else than the facts. They win; a person should know. */
export function overriddenEnvironment(
  planned: readonly NodeNetwork[],
  settled: readonly SettledEnvironment[],
): Finding[] {
  return settled.flatMap(({ path, env }) =>
    Object.entries(env).flatMap(([name, value]): Finding[] => {
      const differing = planned.flatMap(({ node, env: own }) => {
        const found = own[name];
        return found === undefined || found === value ? [] : [{ node, value: found }];
      });
      if (differing.length === 0) return [];
      return [
        {
          code: "env-contradicts",
          severity: "warning",
          path: `${path}.${name}`,
          fact: `it says ${value}; by the facts it would be ${byValue(differing)}`,
          why: "a wrong interface or a mix of RDMA and sockets hangs at the first collective",
          remedy: `leave ${name} out, or say it by network.interface, rdma, hca or gidIndex`,
        },
      ];
    }),
  );
}
