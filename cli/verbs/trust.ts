import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { type DeclaredHost, hostTable } from "../../config/host-table";
import { loadCluster } from "../../config/load";
import { noPins, readPins } from "../../config/pins";
import type { Cluster } from "../../config/schema";
import { fingerprint } from "../../remote/host-key";
import { type HostConnection, type ResolvedAddress, withSecrets } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { scanHostCertificate, scanHostKeys } from "../../remote/scan";
import { OperatorError, type OperatorProblem } from "../../wire/operator-error";
import { ask } from "../ask";
import { warn } from "../cluster-access";
import { givenClusterFile } from "../cluster-file";
import { connectionSecrets } from "../connection-secrets";
import { isInteractive, printLine, table as textTable } from "../console";
import { certifiedKey, knownName, pinLines, type ReviewedKey, reviewKeys, serversOf } from "../host-key-review";
import { problemsOf } from "../render-error";
import type { VerbCall, VerbTable } from "../verb";

interface TrustFlags {
  readonly yes?: boolean;
}

export function addTrust(table: VerbTable, program: Command): void {
  table
    .add<TrustFlags>(program, "trust [file]", "Show the host keys of a cluster's hosts and pin them", trust)
    .option("-y, --yes", "pin what is new without asking; a changed key is never pinned");
}

/** Bastions first: the hosts behind them can be asked only through servers whose keys are pinned. */
async function trust(call: VerbCall<TrustFlags>): Promise<number> {
  const file = givenClusterFile(call);
  const cluster = loadCluster(file);
  warn(call.console, cluster, readPins(cluster));
  const pool = new ConnectionPool();
  try {
    const open = await opener(call, file, hostTable(cluster, noPins));
    const servers = () => serversOf(open(hostTable(cluster, readPins(cluster))));
    const depths = [...new Set(servers().map(({ depth }) => depth))].sort((a, b) => a - b);
    for (const depth of depths) {
      const due = servers().filter(each => each.depth === depth);
      const targets = due.map(({ server }) => server);
      if (!(await review(call, cluster, pool, targets))) return 1;
    }
    return 0;
  } finally {
    await pool.close();
  }
}

/** Only bastions are logged in to, so without any no secret is needed. */
async function opener(
  call: VerbCall<TrustFlags>,
  file: string,
  table: readonly DeclaredHost[],
): Promise<(table: readonly DeclaredHost[]) => HostConnection[]> {
  const isDirect = table.every(({ bastion }) => bastion === undefined);
  const secrets = isDirect ? new Map<string, string>() : await connectionSecrets(call, file, table);
  return declared => declared.map(host => withSecrets(host, ({ secret }) => secrets.get(secret) ?? ""));
}

/** Scans, shows and pins. False: the operator said no. Hosts that can't be scanned do not keep the others from being pinned. */
async function review(
  call: VerbCall<TrustFlags>,
  cluster: Cluster,
  pool: ConnectionPool,
  targets: readonly ResolvedAddress[],
): Promise<boolean> {
  const { console, flags } = call;
  const scanned = await Promise.allSettled(targets.map(target => scan(pool, target)));
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
    printLine(console, `all are pinned in ${cluster.knownHosts}, or certified by an authority there`);
  }
  if (problems.length > 0) throw new OperatorError(problems);
  return true;
}

/** Where an authority is what is trusted, its certificate is asked for, and no key is pinned. */
async function scan(pool: ConnectionPool, target: ResolvedAddress): Promise<ReviewedKey[]> {
  const { hostKeys, hostAuthorities = [] } = target;
  if (hostKeys.length === 0 && hostAuthorities.length > 0) {
    return [certifiedKey(target, await scanHostCertificate(pool, target))];
  }
  return reviewKeys(target, await scanHostKeys(pool, target));
}

function row({ owner, key, fingerprint: mark, standing, authority }: ReviewedKey): string[] {
  const address = owner.port === 22 ? owner.address : `${owner.address}:${owner.port}`;
  const said = authority ? `certified by ${fingerprint(authority)}` : standing;
  return [owner.label, address, key.type, mark, said];
}

function refusal({ owner, key, fingerprint, standing }: ReviewedKey, knownHosts: string): OperatorProblem[] {
  if (standing !== "changed" && standing !== "revoked") return [];
  return [
    {
      summary: standing === "changed" ? `the ${key.type} host key has changed` : `the ${key.type} host key is revoked`,
      where: `host ${owner.label} (${owner.address}:${owner.port})`,
      detail: `it shows ${fingerprint}; ${knownHosts} says otherwise. The host was reinstalled, or somebody is between`,
      remedy: `if the host was reinstalled: ssh-keygen -R '${knownName(owner)}' -f ${knownHosts}, then muster trust again`,
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
