import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { bastionAddress, readPins } from "../../config/host-table";
import { loadCluster } from "../../config/load";
import type { Cluster, ClusterBastion, ClusterHost } from "../../config/schema";
import type { ResolvedAddress } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { scanHostKeys } from "../../remote/scan";
import { OperatorError, type OperatorProblem } from "../../wire/operator-error";
import { ask } from "../ask";
import { givenClusterFile } from "../cluster-file";
import { isInteractive, printLine, table as textTable } from "../console";
import { type KeyOwner, pinLines, type ReviewedKey, reviewKeys } from "../host-key-review";
import { problemsOf } from "../render-error";
import type { VerbCall, VerbTable } from "../verb";

interface TrustFlags {
  readonly yes?: boolean;
}

interface Target extends KeyOwner {
  readonly bastion?: ResolvedAddress;
}

export function addTrust(table: VerbTable, program: Command): void {
  table
    .add<TrustFlags>(program, "trust [file]", "Show the host keys of a cluster's hosts and pin them", trust)
    .option("-y, --yes", "pin what is new without asking; a changed key is never pinned");
}

/** Bastions first: the hosts behind them can be asked only through a server whose key is pinned. */
async function trust(call: VerbCall<TrustFlags>): Promise<number> {
  const cluster = loadCluster(givenClusterFile(call));
  const pool = new ConnectionPool();
  try {
    const bastions = uniqueBastions(cluster);
    if (bastions.length > 0 && !(await review(call, cluster, pool, bastions.map(bastionTarget)))) return 1;
    const pins = readPins(cluster);
    return (await review(
      call,
      cluster,
      pool,
      cluster.hosts.map(host => hostTarget(host, pins)),
    ))
      ? 0
      : 1;
  } finally {
    await pool.close();
  }
}

function uniqueBastions(cluster: Cluster): ClusterBastion[] {
  const all = cluster.hosts.flatMap(host => (host.bastion ? [host.bastion] : []));
  return [...new Map(all.map(bastion => [`${bastion.address}:${bastion.port}`, bastion])).values()];
}

function bastionTarget(bastion: ClusterBastion): Target {
  return { name: "bastion", address: bastion.address, port: bastion.port };
}

function hostTarget(host: ClusterHost, pins: ReturnType<typeof readPins>): Target {
  const { name, address, port, bastion } = host;
  if (!bastion) return { name, address, port };
  const through = bastionAddress(bastion, pins);
  return {
    name,
    address,
    port,
    bastion: { ...through, bastion: undefined, port: bastion.port, label: `bastion of ${name}` },
  };
}

/** Scans, shows and pins. False: the operator said no. Hosts that can't be scanned do not keep the others from being pinned. */
async function review(
  call: VerbCall<TrustFlags>,
  cluster: Cluster,
  pool: ConnectionPool,
  targets: readonly Target[],
): Promise<boolean> {
  const { console, flags } = call;
  const pins = readPins(cluster);
  const scanned = await Promise.allSettled(
    targets.map(async target => reviewKeys(target, await scanHostKeys(pool, { ...target, label: target.name }), pins)),
  );
  const keys = scanned.flatMap(result => (result.status === "fulfilled" ? result.value : []));
  const problems = scanned.flatMap(result => (result.status === "rejected" ? problemsOf(result.reason) : []));
  problems.push(...keys.flatMap(key => refusal(key, cluster.knownHosts)));
  printLine(console, textTable([["host", "address", "type", "fingerprint", "standing"], ...keys.map(row)]));
  const lines = pinLines(keys);
  if (lines.length > 0) {
    if (!(await confirmed(call, lines.length, cluster.knownHosts))) return false;
    append(cluster.knownHosts, lines);
    printLine(
      console,
      `${lines.length} pinned in ${cluster.knownHosts}; compare the fingerprints on the hosts (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and commit the file`,
    );
  } else if (problems.length === 0 && !flags.yes) {
    printLine(console, `all are pinned in ${cluster.knownHosts}`);
  }
  if (problems.length > 0) throw new OperatorError(problems);
  return true;
}

function row({ owner, key, fingerprint, standing }: ReviewedKey): string[] {
  const address = owner.port === 22 ? owner.address : `${owner.address}:${owner.port}`;
  return [owner.name, address, key.type, fingerprint, standing];
}

function refusal({ owner, key, fingerprint, standing }: ReviewedKey, knownHosts: string): OperatorProblem[] {
  if (standing !== "changed" && standing !== "revoked") return [];
  return [
    {
      summary: standing === "changed" ? `the ${key.type} host key has changed` : `the ${key.type} host key is revoked`,
      where: `host ${owner.name} (${owner.address}:${owner.port})`,
      detail: `it shows ${fingerprint}; ${knownHosts} says otherwise. The host was reinstalled, or somebody is between`,
      remedy: `if the host was reinstalled: ssh-keygen -R '${owner.port === 22 ? owner.address : `[${owner.address}]:${owner.port}`}' -f ${knownHosts}, then muster trust again`,
    },
  ];
}

async function confirmed(
  { console, flags, args }: VerbCall<TrustFlags>,
  count: number,
  file: string,
): Promise<boolean> {
  if (flags.yes) return true;
  if (!isInteractive(console, flags.nonInteractive === true)) {
    throw new OperatorError({
      summary: "host keys are not pinned unasked, and there is no terminal to ask on",
      where: file,
      remedy: `compare the fingerprints above with the hosts', then \`${["muster trust", ...args, "--yes"].join(" ")}\``,
    });
  }
  return await ask(console, { text: `Pin ${count} new host keys in ${file}?` });
}

function append(file: string, lines: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const start = before === "" || before.endsWith("\n") ? "" : "\n";
  appendFileSync(file, `${start}${lines.join("\n")}\n`, { mode: 0o644 });
}
