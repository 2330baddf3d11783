import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";

/** Files and folders that a job reads and nobody brings. */
export function pathFindings({ node, existingPaths }: HostSight, wanted: Pick<Wanted, "paths">): Finding[] {
  const there = existingPaths && presentValue(existingPaths);
  if (!there) return [];
  return wanted
    .paths(node)
    .filter(({ path }) => !there.includes(path))
    .map(({ path, use, setting, mayCome }) => ({
      code: "path-missing",
      severity: mayCome ? "warning" : "error",
      host: node,
      path: setting,
      fact: `${path} is not there`,
      why: mayCome ? `it is ${use}; one of the file's own steps must make it` : `it is ${use}`,
      remedy: "copy it there, or correct the path or the mount",
    }));
}
