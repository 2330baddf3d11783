import { spawn } from "node:child_process";
import type { Command } from "commander";
import { loadCluster } from "../../config/load";
import { OperatorError } from "../../wire/operator-error";
import { hostNamed } from "../cluster-access";
import { clusterFileOf } from "../cluster-file";
import { containerShell, sshArguments } from "../ssh-arguments";
import type { VerbTable } from "../verb";

interface SshFlags {
  readonly host?: boolean;
}

export function addSsh(table: VerbTable, program: Command): void {
  table
    .add<SshFlags>(
      program,
      "ssh <node>",
      "Open a shell in a node's container",
      async ({ args, flags, folder, console }) => {
        const cluster = loadCluster(clusterFileOf(folder, flags.stack, console.env));
        const host = hostNamed(cluster, args[0] ?? "");
        const shell = flags.host ? [] : [containerShell(cluster, host)];
        return await runSsh(["-t", ...sshArguments(cluster, host), ...shell]);
      },
    )
    .option("--host", "on the host itself, not in the container");
}

async function runSsh(argv: readonly string[]): Promise<number> {
  const child = spawn("ssh", argv, { stdio: "inherit" });
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
