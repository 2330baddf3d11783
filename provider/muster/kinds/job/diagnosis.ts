import { type Diagnosis, diagnose, type KnownFailure } from "./known-failure";

/** How one rank ended, as the supervisor recorded it. */
export interface RankEnd {
  readonly rank: number;
  readonly host: string;
  readonly container?: string;
  /** Of the launcher: 128 + n when signal n ended it. Undefined: it was stopped, or never told. */
  readonly exitCode?: number;
  /** `channel`: the way to the rank broke; `lost`: the rank lost its leader; `stopped`: ended with the gang. */
  readonly reason: "own" | "stopped" | "lost" | "channel" | "silent" | "unknown";
  /** The end of its log. */
  readonly log: string;
}

export interface WorkerFailure {
  readonly rank: number;
  readonly exitCode: number;
  readonly pid: number;
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
};

export function signalName(signal: number): string {
  return SIGNALS[signal] ?? `signal ${signal}`;
}

/** The worker that torchrun's report (torch 2.6 to 2.11) calls the root cause. */
export function torchrunRootCause(log: string): WorkerFailure | undefined {
  const start = log.lastIndexOf("Root Cause (first observed failure)");
  if (start < 0) return undefined;
  const report = log.slice(start);
  const rank = /^\s*rank\s*: (\d+)/m.exec(report)?.[1];
  const exit = /^\s*exitcode\s*: (-?\d+) \(pid: (\d+)\)/m.exec(report);
  if (rank === undefined || !exit) return undefined;
  return { rank: Number(rank), exitCode: Number(exit[1]), pid: Number(exit[2]) };
}

/**
 * The line that says why: torchrun's own tail hides it, so the search goes upward for the last `[rankN]: XxxError: …`,
 * then for any unprefixed Python error that is not torchrun's own ChildFailedError.
 */
export function causeLine(log: string): string | undefined {
  const lines = log.split(/[\r\n]+/);
  const last = (pattern: RegExp) => {
    const all = lines.filter(line => pattern.test(line) && !line.includes("ChildFailedError"));
    // Ranks that only lost a peer speak after the one that they lost.
    return all.filter(line => !SECOND_HAND.test(line)).at(-1) ?? all.at(-1);
  };
  const found =
    // What the tools of the pipeline end with (recipes/tools/result.py); it names the cause of what they ran.
    last(/^error: /) ??
    last(/^\[rank\d+\]:\s*(?:[A-Za-z_][\w.]*)?(?:Error|Exception|Interrupt)\b(?:: |$)/) ??
    last(/^(?:[A-Za-z_][\w.]*)?(?:Error|Exception)\b: /);
  return found?.trim();
}

/** Errors that only tell that somebody else is gone. */
const SECOND_HAND =
  /remote process exited|ncclRemoteError|Connection (?:closed by peer|reset by peer|refused)|Broken pipe|network error|Socket Timeout|heartbeat/i;

/** Lower is nearer to the cause. */
function distance(end: RankEnd): number {
  const worker = torchrunRootCause(end.log);
  const cause = causeLine(end.log);
  if (end.reason === "channel" || end.reason === "silent") return 1;
  if (end.reason !== "own" || end.exitCode === undefined) return 9;
  if (end.exitCode === 0) return 8;
  const secondHand = cause !== undefined && SECOND_HAND.test(cause);
  // A worker that was killed from outside: not by torchrun's own SIGTERM, not by NCCL's abort after a peer's death.
  const aborted = worker?.exitCode === -6 && secondHand;
  if (worker && worker.exitCode < 0 && worker.exitCode !== -15 && !aborted) return 0;
  if (end.exitCode > 128 && end.exitCode !== 143 && !worker) return 0;
  return secondHand ? 4 : 2;
}

/** The rank to name. `first` is the one whose end the supervisor saw first; it wins among equals. */
export function culprit(ends: readonly RankEnd[], first?: number): RankEnd | undefined {
  const order = (end: RankEnd) => distance(end) * 2 + (end.rank === first ? 0 : 1);
  return [...ends].sort((a, b) => order(a) - order(b) || a.rank - b.rank)[0];
}

/** A shell says 128 + n for signal n. `megatron` and `swift` hand on Python's negative code of their child, modulo 256: 247 is -9. */
export function launcherEnd(exitCode: number): string {
  const signalOfChild = 256 - exitCode;
  if (exitCode < 255 && SIGNALS[signalOfChild])
    return `ended with exit code ${exitCode} (its child: ${signalName(signalOfChild)})`;
  return exitCode > 128 && exitCode < 255
    ? `was ended by ${signalName(exitCode - 128)}`
    : `ended with exit code ${exitCode}`;
}

function howItEnded(end: RankEnd): string {
  const worker = torchrunRootCause(end.log);
  if (end.reason === "channel")
    return `could not be reached or its channel broke (exit code ${end.exitCode ?? "unknown"})`;
  if (end.reason === "silent") return "did not answer any more";
  if (end.reason === "lost") return "lost its leader";
  if (end.exitCode === undefined) return "left no exit code";
  const launcher = launcherEnd(end.exitCode);
  if (!worker) return launcher;
  const fate =
    worker.exitCode < 0 ? `was ended by ${signalName(-worker.exitCode)}` : `ended with exit code ${worker.exitCode}`;
  return `${launcher}: its worker, world rank ${worker.rank} (pid ${worker.pid}), ${fate}`;
}

/** The last lines that say something: progress bars and torchrun's frame left out. */
export function lastLines(log: string, count: number): string[] {
  const report = log.lastIndexOf("torch.distributed.elastic.multiprocessing.errors.ChildFailedError");
  const start = report < 0 ? -1 : log.lastIndexOf("Traceback (most recent call last)", report);
  const own = start > 0 ? log.slice(0, start) : log;
  return own
    .split(/[\r\n]+/)
    .map(line => line.trimEnd())
    .filter(line => line.trim() !== "" && !/^\s*\S*\s*\d+%\|/.test(line))
    .slice(-count);
}

/** What is known of such an end: from the log, and from how it ended. A rank that was lost says nothing about itself. */
function diagnosisOf(end: RankEnd, failures: readonly KnownFailure[]): Diagnosis | undefined {
  return end.reason === "own" ? diagnose(`${end.log}\n${howItEnded(end)}\n`, failures) : undefined;
}

/** The whole error for the operator. `logPath` names a rank's log on the leader's host. */
export function describeFailure(
  job: string,
  ends: readonly RankEnd[],
  first: number | undefined,
  logPath: (rank: number) => string,
  failures: readonly KnownFailure[] = [],
): string {
  const end = culprit(ends, first);
  if (!end) return `job ${job} failed, and no rank left a trace`;
  const said = end.reason === "own" ? causeLine(end.log) : undefined;
  // After a kill the others' complaints about the lost connection are an effect, not the cause.
  const killed = (torchrunRootCause(end.log)?.exitCode ?? 0) < 0;
  const cause = killed && said !== undefined && SECOND_HAND.test(said) ? undefined : said;
  const where = end.container === undefined ? end.host : `${end.host}, container ${end.container}`;
  const lines = lastLines(end.log, 8).filter(line => line !== cause);
  const known = diagnosisOf(end, failures);
  return [
    `job ${job} failed: rank ${end.rank} (${where}) ${howItEnded(end)}. It was ended on all hosts.`,
    ...(cause === undefined ? [] : [`  cause: ${cause}`]),
    ...(known ? [`  why: ${known.reason}`] : []),
    ...lines.map(line => `  | ${line.slice(0, 400)}`),
    `  log: ${logPath(end.rank)}. Remedy: ${known?.remedy ?? "mend the cause"}; then run up again, the job starts anew.`,
  ].join("\n");
}
