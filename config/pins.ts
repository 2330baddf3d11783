import { readFileSync } from "node:fs";
import { type KnownHost, parseKnownHosts } from "../remote/known-hosts";
import type { Cluster, ClusterLogin } from "./schema";

/** The host keys that are known for a cluster. */
export interface Pins {
  /** Of the file beside the cluster file, which `muster trust` writes and people review. */
  readonly own: readonly KnownHost[];
  /** Of files that ssh_config names, by path. */
  readonly others: ReadonlyMap<string, readonly KnownHost[]>;
  /** Lines that cannot be used, and why. */
  readonly notes: readonly string[];
}

export const noPins: Pins = { own: [], others: new Map(), notes: [] };

/** Reads them; a file that is not there has none, as before `muster trust` has run. */
export function readPins(cluster: Cluster): Pins {
  const own = readKnownHosts(cluster.knownHosts);
  const others = [...new Set(cluster.hosts.flatMap(filesOf))].map(file => [file, readKnownHosts(file)] as const);
  return {
    own: own.entries,
    others: new Map(others.map(([file, { entries }]) => [file, entries])),
    notes: [own, ...others.map(([, read]) => read)].flatMap(({ notes }) => notes),
  };
}

function filesOf(login: ClusterLogin): readonly string[] {
  const { knownHostsFiles = [], bastion } = login;
  return typeof bastion === "object" ? [...knownHostsFiles, ...filesOf(bastion)] : knownHostsFiles;
}

function readKnownHosts(file: string): ReturnType<typeof parseKnownHosts> {
  try {
    return parseKnownHosts(readFileSync(file, "utf8"), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { entries: [], notes: [] };
    throw error;
  }
}
