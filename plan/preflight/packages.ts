import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";
import { parityFindings } from "./parity";

/** Python and the packages that train, where jobs run. */
export function packageParity(hosts: readonly HostSight[]): Finding[] {
  const found = hosts.flatMap(({ node, packages }) => {
    const value = packages && presentValue(packages);
    return value
      ? [{ node, versions: { Python: value.python, ...value.versions, ...(value.nccl && { NCCL: value.nccl }) } }]
      : [];
  });
  const names = [...new Set(found.flatMap(({ versions }) => Object.keys(versions)))].sort();
  return names.flatMap(name =>
    parityFindings(
      `${name}`,
      found.map(({ node, versions }) => ({ node, value: (versions as Record<string, string>)[name] ?? "none" })),
      {
        code: "packages-differ",
        severity: "error",
        why: "ranks of one job must run the same code: they hang, fail, or compute something else",
        remedy: `muster up; where it was changed by hand: pip install '${name}==VERSION', as the others have it`,
      },
    ),
  );
}
