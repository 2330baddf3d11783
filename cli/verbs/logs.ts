import { type Command, InvalidArgumentError } from "commander";
import { quote } from "../../remote/shell";
import { OperatorError } from "../../wire/operator-error";
import { withCluster } from "../cluster-access";
import { problemsOf } from "../render-error";
import { parseCount } from "../update-options";
import type { VerbCall, VerbTable } from "../verb";

interface LogsFlags {
  readonly rank?: number;
  readonly lines?: number;
  readonly follow?: boolean;
}

const dayInSeconds = 86_400;
/** Exit code of the script when this host does not keep the job. */
const notHere = 3;

export function addLogs(table: VerbTable, program: Command): void {
  table
    .add<LogsFlags>(program, "logs <job>", "Print the last lines of a job's ranks", logs)
    .option("--rank <rank>", "of this rank only", parseRank)
    .option("-n, --lines <count>", "lines of each rank (default 40)", parseCount)
    .option("-f, --follow", "go on as they are written");
}

/** Logs lie on the host of rank 0; the others answer that they do not have the job. */
async function logs(call: VerbCall<LogsFlags>): Promise<number> {
  const { flags, args, console } = call;
  const [job = ""] = args;
  return await withCluster(call, async ({ cluster, hosts }) => {
    const folder = `/var/lib/muster/${cluster.name}/jobs`;
    const script = logScript(folder, job, flags);
    const answers = await Promise.allSettled(
      cluster.hosts.map(host =>
        hosts.probe(host.name).query(script, {
          timeoutSeconds: flags.follow ? dayInSeconds : 60,
          onOutput: (chunk, stream) => void (stream === "stdout" && console.out.write(chunk)),
        }),
      ),
    );
    const found = answers.some(answer => answer.status === "fulfilled" && answer.value.exitCode === 0);
    if (found) return 0;
    const failed = answers.flatMap(answer => (answer.status === "rejected" ? problemsOf(answer.reason) : []));
    const names = answers.flatMap(answer =>
      answer.status === "fulfilled" ? answer.value.stderr.trim().split(/\s+/) : [],
    );
    const known = [...new Set(names.filter(Boolean))].sort();
    throw new OperatorError([
      {
        summary: `no host has a job ${job}`,
        where: `${folder} on ${cluster.hosts.map(host => host.name).join(", ")}`,
        remedy:
          known.length > 0 ? `name one of ${known.join(", ")}` : "`muster up` starts jobs; `muster status` shows them",
      },
      ...failed,
    ]);
  });
}

export function logScript(folder: string, job: string, flags: LogsFlags): string {
  const files = flags.rank === undefined ? "rank-*.log" : `rank-${flags.rank}.log`;
  return `cd ${quote(folder)} 2>/dev/null || exit ${notHere}
[ -d ${quote(job)} ] || { ls >&2; exit ${notHere}; }
cd ${quote(job)} && exec tail ${flags.follow ? "-F " : ""}-n ${flags.lines ?? 40} ${files}
`;
}

function parseRank(text: string): number {
  const rank = Number(text);
  if (!Number.isInteger(rank) || rank < 0) throw new InvalidArgumentError("a rank, from 0.");
  return rank;
}
