import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";

/** Disks behind what is mounted that take next to nothing more. What the pipeline will write is judged apart (plan/space.ts). */
export function mountFindings({ node, mounts }: HostSight): Finding[] {
  const full = ((mounts && presentValue(mounts)) ?? []).filter(({ freeGib }) => freeGib < 1);
  const disks = [...new Map(full.map(folder => [folder.mountPoint, folder])).values()];
  return disks.map(({ mountPoint, path }) => ({
    code: "disk-full",
    severity: "warning",
    host: node,
    path: "container.mounts",
    fact: `${mountPoint}, the disk behind ${path}, has less than 1 GiB left`,
    why: "caches, logs and checkpoints of jobs go there",
    remedy: `du -xsh ${mountPoint === "/" ? "" : mountPoint}/* shows what takes the space; free some, or mount a folder of another disk`,
  }));
}
