import type { Command } from "commander";
import { rankPlace } from "../../components/rank-place";
import type { Cluster } from "../../config/schema";
import { quote } from "../../remote/shell";
import { OperatorError } from "../../wire/operator-error";
import { hostNamed, withCluster } from "../cluster-access";
import type { VerbTable } from "../verb";

interface ExecFlags {
  readonly host?: boolean;
  readonly timeout?: string;
}

const dayInSeconds = 86_400;

/** The command where the ranks of jobs run, with what they have: in the node's container, or in the environment on the host. */
function placedScript(cluster: Cluster, argv: readonly string[]): string {
  const command = argv.map(quote).join(" ");
  const { container, envOf } = rankPlace(cluster);
  if (container !== undefined) return `docker exec ${quote(container)} ${command}`;
  const variables = Object.entries(envOf(argv)).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return `${variables.join("")}${command}`;
}

export function addExec(table: VerbTable, program: Command): void {
  table
    .add<ExecFlags>(
      program,
      "exec <node> [command...]",
      "Run a command in a node's container, or in its environment without one: exec NODE -- COMMAND",
      call => {
        const [node = "", ...argv] = call.args;
        if (argv.length === 0) {
          throw new OperatorError({ summary: "no command", remedy: `muster exec ${node} -- nvidia-smi` });
        }
        return withCluster(call, async ({ cluster, hosts }) => {
          hostNamed(cluster, node);
          const script = call.flags.host ? argv.map(quote).join(" ") : placedScript(cluster, argv);
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
