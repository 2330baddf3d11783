import type { Command } from "commander";
import { quote } from "../../remote/shell";
import { OperatorError } from "../../wire/operator-error";
import { hostNamed, withCluster } from "../cluster-access";
import type { VerbTable } from "../verb";

interface ExecFlags {
  readonly host?: boolean;
  readonly timeout?: string;
}

const dayInSeconds = 86_400;

export function addExec(table: VerbTable, program: Command): void {
  table
    .add<ExecFlags>(
      program,
      "exec <node> [command...]",
      "Run a command in a node's container: exec NODE -- COMMAND",
      call => {
        const [node = "", ...argv] = call.args;
        if (argv.length === 0) {
          throw new OperatorError({ summary: "no command", remedy: `muster exec ${node} -- nvidia-smi` });
        }
        return withCluster(call, async ({ cluster, hosts }) => {
          hostNamed(cluster, node);
          const command = argv.map(quote).join(" ");
          const isOnHost = call.flags.host || cluster.runtime === "host";
          const script = isOnHost ? command : `docker exec ${quote(cluster.container.name)} ${command}`;
          const { out, err } = call.console;
          const result = await hosts.runner(node).mutate(`exec ${argv[0]}`, script, {
            timeoutSeconds: dayInSeconds,
            onOutput: (chunk, stream) => (stream === "stdout" ? out : err).write(chunk),
          });
          return result.exitCode;
        });
      },
    )
    .option("--host", "on the host itself, not in the container");
}
