import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { hostTable } from "../../config/host-table";
import { loadCluster } from "../../config/load";
import { noPins } from "../../config/pins";
import type { Cluster, ClusterHost } from "../../config/schema";
import { type ResolvedAddress, resolveAddress } from "../../remote/host-table";
import { quote } from "../../remote/shell";
import { OperatorError } from "../../wire/operator-error";
import { Askpass, answersFor } from "../askpass";
import { hostNamed, warn } from "../cluster-access";
import { clusterFileOf } from "../cluster-file";
import { openedTable } from "../connection-secrets";
import { sshClientConfig, TARGET_ALIAS } from "../ssh-client-config";
import type { VerbTable } from "../verb";

interface SshFlags {
  readonly host?: boolean;
}

export function addSsh(table: VerbTable, program: Command): void {
  table
    .add<SshFlags>(program, "ssh <node>", "Open a shell in a node's container", async call => {
      const { args, flags, folder, console } = call;
      const file = clusterFileOf(folder, flags.stack, console.env);
      const cluster = loadCluster(file);
      warn(console, cluster);
      const host = hostNamed(cluster, args[0] ?? "");
      // OpenSSH reads the pins itself.
      const opened = await openedTable(call, file, hostTable(cluster, noPins));
      const connection = opened.find(({ name }) => name === host.name);
      if (!connection) throw new Error(`host ${host.name} is not in its own table`);
      const shell = flags.host || cluster.runtime === "host" ? [] : [containerShell(cluster, host)];
      const knownHosts = [cluster.knownHosts, ...(host.knownHostsFiles ?? [])];
      return await openSsh(resolveAddress(connection, opened), knownHosts, ["-t"], shell);
    })
    .option("--host", "on the host itself, not in the container");
}

/** What to start at the other end: a shell in the node's container. */
function containerShell(cluster: Cluster, host: ClusterHost): string {
  const sudo = host.user === "root" || host.sudo === "none" ? "" : "sudo ";
  return `${sudo}docker exec -it ${quote(cluster.container.name)} sh -c 'exec "$(command -v bash || command -v sh)" -l'`;
}

/** Runs OpenSSH's client on the way that muster takes; its exit code. @throws OperatorError when it cannot be started */
export async function openSsh(
  target: ResolvedAddress,
  knownHosts: readonly string[],
  options: readonly string[],
  command: readonly string[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "muster-ssh-"));
  const config = join(folder, "config");
  writeFileSync(config, sshClientConfig(target, knownHosts), { mode: 0o600 });
  const answers = answersFor(target);
  const askpass = answers.length > 0 ? await Askpass.start(answers) : undefined;
  try {
    return await runSsh(["-F", config, ...options, TARGET_ALIAS, ...command], askpass?.environment);
  } finally {
    askpass?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runSsh(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn("ssh", argv, { stdio: "inherit", env: { ...process.env, ...environment } });
  return await new Promise((resolve, reject) => {
    child.once("error", error =>
      reject(
        new OperatorError(
          {
            summary: "the ssh client could not be started",
            detail: error.message,
            remedy: "install openssh-client, or run single commands with `muster exec NODE -- COMMAND`",
          },
          { cause: error },
        ),
      ),
    );
    child.once("exit", code => resolve(code ?? 255));
  });
}
