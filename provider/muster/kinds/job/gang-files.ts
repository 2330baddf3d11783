import { readFileSync } from "node:fs";
import { join } from "node:path";
import { command, quote } from "../../../../remote/shell";
import { identityDigest } from "./identity";
import { DEFAULT_STOP_SECONDS, type JobInputs, leaderHost, type Rank } from "./inputs";
import type { JobRecord } from "./observation";

/** What a job's folder holds as `supervisor`: one program, for both ends of a channel. */
export const supervisorProgram = ["far-end.sh", "leader.sh"]
  .map(file => readFileSync(join(__dirname, "supervisor", file), "utf8"))
  .join("\n");

/** sshd of the node containers. */
export const MESH_PORT = 2333;

/**
 * The far end's first line of code: takes the supervisor and the rank's files from standard input, then becomes the supervisor.
 * `dd bs=1` because it must not read one byte more than its share.
 */
const BOOT = [
  "umask 077",
  "mkdir -p /run/muster",
  'd=$(mktemp -d /run/muster/rank.XXXXXX) && cd "$d" || exit 1',
  "read -r a b role || exit 1",
  'dd bs=1 count="$a" of=supervisor 2>/dev/null && dd bs=1 count="$b" of=run 2>/dev/null || exit 1',
  'exec sh ./supervisor "$role"',
].join("; ");

/** Folder of a job on its leader's host. */
export function jobFolder(cluster: string, job: string): string {
  return `/var/lib/muster/${cluster}/jobs/${job}`;
}

/**
 * How the leader reaches a rank: its own container, another one on its host, or through the mesh: that of rank 0's container, or that of
 * the hosts themselves, by `sshConfig`.
 */
export function channelCommand(rank: Rank, leader: Rank, sshConfig?: string): string {
  const boot = ["sh", "-c", BOOT];
  const into = (container: string | undefined, argv: string[]) =>
    container === undefined ? argv : ["docker", "exec", "-i", "-u", "0", container, ...argv];
  if (rank.host === leader.host) return `exec ${command(into(rank.container, boot))}\n`;
  const options = ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=5", "ServerAliveCountMax=3"];
  const way = sshConfig === undefined ? ["-p", String(MESH_PORT)] : ["-F", sshConfig];
  const ssh = ["ssh", "-T", ...way, ...options.flatMap(option => ["-o", option]), rank.host];
  return `exec ${command(into(leader.container, [...ssh, command(boot)]))}\n`;
}

function launchFile(inputs: JobInputs, rank: Rank): string {
  // Later wins: what defines the result over what only moves bytes.
  const environment = { ...inputs.transportEnv?.[rank.host], ...rank.env, ...inputs.secretEnv };
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
  if (rank.workdir !== undefined) {
    const missing = quote(`muster: the working directory ${rank.workdir} does not exist on ${rank.host}`);
    lines.push(`cd ${quote(rank.workdir)} || { echo ${missing} >&2; exit 126; }`);
  }
  return `start_rank() {\n${lines.map(line => `${line}\n`).join("")}exec ${command(rank.argv)}\n}\n`;
}

/**
 * Start of the mark that every process of a job has in its environment, as MUSTER_JOB: of one run if that is given, else of all.
 * Clusters that share a host may have jobs of the same name. In a whole mark the rank follows.
 */
export function processMark(cluster: string, job: string, incarnation = ""): string {
  return `${job}:${cluster}/${incarnation}`;
}

/** What is kept of a run as `job.json`, the last file of a start. */
export function gangRecord(cluster: string, inputs: JobInputs, incarnation: string): JobRecord {
  return {
    job: inputs.name,
    cluster,
    identityDigest: identityDigest(inputs),
    incarnation,
    mode: inputs.mode,
    ranks: inputs.ranks.map(({ host, container, argv }) => ({ host, ...(container && { container }), argv })),
    claims: inputs.claims ?? [],
  };
}

/** The files that the supervisor reads in the job's folder (see the head of supervisor/far-end.sh), by name. */
export function gangFiles(cluster: string, inputs: JobInputs, incarnation: string): Map<string, string> {
  const grace = inputs.stopSeconds ?? DEFAULT_STOP_SECONDS;
  const files = new Map<string, string>();
  files.set("gang", `JOB=${quote(inputs.name)}\nMODE=${inputs.mode}\nRANKS=${inputs.ranks.length}\nGRACE=${grace}\n`);
  const leader = inputs.ranks.find(rank => rank.host === leaderHost(inputs));
  inputs.ranks.forEach((rank, index) => {
    // The full stop keeps rank 1 from matching rank 10.
    const mark = quote(`${processMark(cluster, inputs.name, incarnation)}:${index}.`);
    const container = rank.container === undefined ? 0 : 1;
    files.set(`rank-${index}.meta`, `MARK=${mark}\nGRACE=${grace}\nCONTAINER=${container}\n`);
    files.set(`rank-${index}.launch`, launchFile(inputs, rank));
    files.set(`rank-${index}.channel`, channelCommand(rank, leader ?? rank, inputs.sshConfig));
  });
  return files;
}
