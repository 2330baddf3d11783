import { quote } from "../../../../remote/shell";
import { launcherEnd, type RankEnd } from "./diagnosis";
import type { JobInputs, JobStatus, Progress, Rank } from "./inputs";
import { parseProgress } from "./progress";

/** The job's record on its leader's host: `job.json`. */
export interface JobRecord {
  readonly job: string;
  readonly cluster: string;
  readonly identityDigest: string;
  readonly incarnation: string;
  readonly mode: "completed" | "ready";
  readonly ranks: readonly Pick<Rank, "host" | "container" | "argv">[];
  readonly claims: NonNullable<JobInputs["claims"]>;
}

export interface RankObservation {
  readonly started: boolean;
  readonly end?: { readonly exitCode?: number; readonly reason: RankEnd["reason"] };
  /** Process ids that would not die. */
  readonly left?: string;
  readonly log: string;
}

export interface JobObservation {
  readonly record: JobRecord;
  readonly startedAt: string;
  /** Since the start; no matter what the host's clock did. */
  readonly ageSeconds: number;
  /** Whether the supervisor that was started then is the process that runs now. */
  readonly supervised: boolean;
  readonly finished?: {
    readonly status: "completed" | "failed" | "stopped";
    readonly at: string;
    /** The rank that ended first when it should not have, and its exit code if it had one. */
    readonly first?: number;
    readonly exitCode?: number;
  };
  readonly ready: boolean;
  readonly ranks: readonly RankObservation[];
  /** Text of the result file, when it is on the leader's host. */
  readonly result?: string;
}

/**
 * One read-only script that tells all about a job on its leader's host. A process is the one of the record only with the
 * same start time under the same boot id: process ids come back.
 */
export function observationScript(folder: string, tailBytes: number, resultPath?: string): string {
  const result =
    resultPath === undefined
      ? ""
      : `[ -f ${quote(resultPath)} ] && echo "result $(head -c 65536 ${quote(resultPath)} | base64 | tr -d '\\n')"\n`;
  return `d=${quote(folder)}
if [ ! -f "$d/job.json" ]; then echo absent; exit 0; fi
cd "$d" || exit 1
echo "record $(base64 <job.json | tr -d '\\n')"
started=$(stat -c %Y job.json)
echo "started $started"
age=$(($(date +%s) - started))
if { read -r pid start boot <leader; } 2>/dev/null && [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then
  # Since the boot: clocks may jump, and a start must not run out of time by that.
  age=$(($(cut -d. -f1 /proc/uptime) - start / $(getconf CLK_TCK 2>/dev/null || echo 100)))
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ] && echo supervised
fi
echo "age $age"
[ -e ready ] && echo ready
[ -f "done" ] && echo "done $(cat "done")"
for meta in rank-*.meta; do
  k=\${meta#rank-}; k=\${k%.meta}
  [ -f "rank-$k.pid" ] && echo "rank $k started"
  [ -f "rank-$k.exit" ] && echo "rank $k exit $(cat "rank-$k.exit")"
  [ -f "rank-$k.closed" ] && echo "rank $k closed $(cat "rank-$k.closed")"
  [ -f "rank-$k.left" ] && echo "rank $k left $(cat "rank-$k.left")"
  [ -f "rank-$k.log" ] && echo "rank $k log $(tail -c ${tailBytes} "rank-$k.log" | base64 | tr -d '\\n')"
done
${result}exit 0
`;
}

function decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

function isoTime(epochSeconds: string | undefined): string {
  return new Date(Number(epochSeconds) * 1000).toISOString();
}

interface RankDraft {
  started: boolean;
  exit?: string[];
  closed?: string[];
  left?: string;
  log: string;
}

function rankEnd(draft: RankDraft): RankObservation["end"] {
  if (draft.exit) {
    const [code, why] = draft.exit;
    const reason = why === "own" || why === "stopped" || why === "lost" ? why : "unknown";
    return code === "-" || code === undefined ? { reason } : { reason, exitCode: Number(code) };
  }
  if (draft.closed) return { reason: "channel", exitCode: Number(draft.closed[0]) };
  return undefined;
}

/** The words of the file `done`: status, time, rank, exit code, reason. Undefined: they are not those. */
export function finishedOf(words: readonly string[] | undefined): JobObservation["finished"] {
  const [status, at, first, code] = words ?? [];
  if (status !== "completed" && status !== "failed" && status !== "stopped") return undefined;
  return { status, at: isoTime(at), ...number("first", first), ...number("exitCode", code) };
}

function number<Name extends string>(name: Name, text: string | undefined): { [K in Name]?: number } {
  return text === undefined || !/^\d+$/.test(text) ? {} : ({ [name]: Number(text) } as { [K in Name]: number });
}

/** @returns undefined: there is no such job on this host. @throws when the host's answer is not one of this script's. */
export function parseObservation(output: string): JobObservation | undefined {
  const facts = new Map<string, string>();
  const drafts: RankDraft[] = [];
  for (const line of output.split("\n").filter(Boolean)) {
    const [word = "", ...rest] = line.split(" ");
    if (word !== "rank") {
      facts.set(word, rest.join(" "));
      continue;
    }
    const [index, key, ...values] = rest;
    let draft = drafts[Number(index)];
    if (!draft) {
      draft = { started: false, log: "" };
      drafts[Number(index)] = draft;
    }
    if (key === "started") draft.started = true;
    if (key === "exit") draft.exit = values;
    if (key === "closed") draft.closed = values;
    if (key === "left") draft.left = values.join(" ");
    if (key === "log") draft.log = decode(values.join(""));
  }
  if (facts.has("absent")) return undefined;
  const record = facts.get("record");
  if (record === undefined)
    throw new Error(`the job's record could not be read; the host answered: ${output.slice(0, 200)}`);
  const parsed = JSON.parse(decode(record)) as JobRecord;
  const result = facts.get("result");
  const finished = finishedOf(facts.get("done")?.split(" "));
  return {
    record: parsed,
    startedAt: isoTime(facts.get("started")),
    ageSeconds: Number(facts.get("age")),
    supervised: facts.has("supervised"),
    ready: facts.has("ready"),
    ...(finished ? { finished } : {}),
    ...(result === undefined ? {} : { result: decode(result) }),
    ranks: parsed.ranks.map((_, index) => {
      const draft = drafts[index] ?? { started: false, log: "" };
      const end = rankEnd(draft);
      return {
        started: draft.started,
        log: draft.log,
        ...(end ? { end } : {}),
        ...(draft.left === undefined ? {} : { left: draft.left }),
      };
    }),
  };
}

/** A job whose supervisor is gone without a last word has failed. */
export function statusOf(observation: JobObservation): JobStatus {
  if (observation.finished) return observation.finished.status;
  if (!observation.supervised) return "failed";
  if (observation.record.mode === "ready" && observation.ready) return "ready";
  return "running";
}

/** Why it is not what it should be, in one line; empty while nothing is wrong. */
export function problemOf(observation: JobObservation): string {
  const { finished, record, ranks } = observation;
  const status = statusOf(observation);
  if (status === "stopped") return "it was stopped";
  if (status !== "failed") return "";
  if (!finished) return "its supervisor is gone without a last word (reboot, or killed)";
  if (finished.first === undefined) return "it failed, and no rank left a trace";
  const rank = `rank ${finished.first} (${record.ranks[finished.first]?.host ?? "unknown host"})`;
  const reason = ranks[finished.first]?.end?.reason;
  if (reason === "channel") return `the way to ${rank} broke`;
  return finished.exitCode === undefined ? `${rank} was lost` : `${rank} ${launcherEnd(finished.exitCode)}`;
}

/** The furthest step that any rank has printed: which rank prints depends on the toolkit's version. */
export function progressOf(observation: JobObservation): Progress | null {
  const steps = observation.ranks.map(rank => parseProgress(rank.log)).filter(step => step !== undefined);
  return steps.reduce<Progress | null>((best, step) => (best && best.step >= step.step ? best : step), null);
}

export function rankEnds(observation: JobObservation): RankEnd[] {
  return observation.ranks.map((rank, index) => {
    const declared = observation.record.ranks[index];
    return {
      rank: index,
      host: declared?.host ?? "unknown host",
      ...(declared?.container === undefined ? {} : { container: declared.container }),
      reason: rank.end?.reason ?? "unknown",
      ...(rank.end?.exitCode === undefined ? {} : { exitCode: rank.end.exitCode }),
      log: rank.log,
    };
  });
}
