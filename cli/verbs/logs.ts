import { type Command, InvalidArgumentError } from "commander";
import type { LogBeginning } from "../../provider/muster/kinds/job/log-reading";
import { withCluster } from "../cluster-access";
import { JobLogs } from "../job-logs";
import { ExitWith } from "../render-error";
import type { VerbCall, VerbTable } from "../verb";

interface LogsFlags {
  readonly rank?: readonly number[];
  readonly lines?: number | "all";
  readonly since?: LogBeginning["since"];
  readonly follow?: boolean;
}

const DEFAULT_LINES = 40;
/** As of a program that SIGPIPE ended. */
const EXIT_PIPE = 141;

export function addLogs(table: VerbTable, program: Command): void {
  table
    .add<LogsFlags>(program, "logs <job>", "Print what a job's ranks wrote; exit code with -f: the job's", logs)
    .option("--rank <ranks>", "of these ranks only: 0 or 0,3", parseRanks)
    .option(
      "-n, --lines <count>",
      `last lines of each rank, or all (default ${DEFAULT_LINES}; all with --since)`,
      parseLines,
    )
    .option("--since <time>", "written since then: 10m, 2h30m, or a time such as 2026-01-31T08:00Z", parseSince)
    .option("-f, --follow", "go on until the job ends, over lost connections too");
}

async function logs(call: VerbCall<LogsFlags>): Promise<number> {
  const { flags, args, console } = call;
  const [job = ""] = args;
  const lines = flags.lines ?? (flags.since ? "all" : DEFAULT_LINES);
  return await withCluster(call, ({ cluster, hosts }) => {
    const places = { folder: `/var/lib/muster/${cluster.name}/jobs`, hosts: cluster.hosts.map(host => host.name) };
    const request = {
      job,
      ranks: flags.rank,
      follow: flags.follow === true,
      ...(lines !== "all" && { lines }),
      ...(flags.since && { since: flags.since }),
    };
    const output = {
      write: writerTo(console.out),
      notice: (text: string) => void console.err.write(`muster: ${text}\n`),
    };
    return new JobLogs(hosts, places, request, output).show();
  });
}

/** Writes one after the other. Whoever reads may have had enough, as `head` does: then that is the end. */
function writerTo(stream: NodeJS.WritableStream): (bytes: Buffer) => Promise<void> {
  let isClosed = false;
  stream.on("error", () => {
    isClosed = true;
  });
  return async bytes => {
    await new Promise<void>(resolve => void stream.write(bytes, () => resolve()));
    if (isClosed) throw new ExitWith(EXIT_PIPE);
  };
}

function parseRanks(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError("ranks, from 0, with commas in between.");
  return text.split(",").map(Number);
}

function parseLines(text: string): number | "all" {
  if (text === "all") return text;
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("a number of lines, or all.");
  return Number(text);
}

/** A span before now (by the host's clock, so that a wrong one here does not matter) or a moment. */
export function parseSince(text: string): NonNullable<LogBeginning["since"]> {
  const span = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (span && text !== "") {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = span.slice(1).map(part => Number(part ?? 0));
    return { ageSeconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds };
  }
  const epochSeconds = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) / 1000 : Number.NaN;
  if (Number.isNaN(epochSeconds)) throw new InvalidArgumentError("10m, 2h30m, or a time such as 2026-01-31T08:00Z.");
  return { epochSeconds };
}
