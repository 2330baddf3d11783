import { groupBy } from "../group-by";
import type { Activity } from "./activity";
import { isWholeWorld, type WatchedRank } from "./rank";

/** A running job and all that is seen of its ranks. */
export interface WatchedJob {
  readonly job: string;
  /** The newest step that it printed, and of how many. */
  readonly step?: number;
  readonly steps?: number;
  readonly secondsPerStep?: number;
  /** Since any rank printed something. */
  readonly silentSeconds?: number;
  readonly ranks: readonly WatchedRank[];
}

/** `problem`: somebody must act; `note`: what a person would want to know who wonders why it takes so long. */
export interface RankFinding {
  readonly job: string;
  readonly severity: "problem" | "note";
  readonly host: string;
  readonly rank?: number;
  readonly pid: number;
  readonly kind: "stopped" | "device-wait" | "zombie" | "gpu-idle" | "busy-alone" | "waits-elsewhere";
  readonly text: string;
}

/** A disk that flushes a checkpoint, and a launcher that has not looked yet, take some seconds. */
const SETTLED_SECONDS = 10;
/** A job stands still when no rank has printed anything for so many of its steps, and no less than that. */
const STILL_STEPS = 4;
const LEAST_STILL_SECONDS = 10;
/** What a process does that only waits, and one that works. */
const IDLE_SHARE = 0.1;
const BUSY_SHARE = 0.5;
const IDLE_BYTES_PER_SECOND = 100_000;
/** A collective that waits keeps its GPU at 100 %; NCCL's kernel spins. */
const GPU_WAITS_PERCENT = 90;
const GPU_IDLE_PERCENT = 5;

/**
 * Names the ranks that do not go on, by what the kernel says of each by itself, and else by what sets one apart from all others. A rank
 * that only waits for another is never named. Of the latter nothing is said before the first step, nor unless all ranks are in
 * sight: reading data, compiling and the end of a training look alike.
 */
export function stuckRanks(job: WatchedJob): RankFinding[] {
  const byThemselves = job.ranks.flatMap(rank => [rank.main, ...rank.helpers].flatMap(one => stuck(job, rank, one)));
  if (byThemselves.some(({ severity }) => severity === "problem")) return byThemselves;
  return [...byThemselves, ...(standsStill(job) ? apart(job) : [])];
}

function standsStill({ step, steps, secondsPerStep = 0, silentSeconds = 0 }: WatchedJob): boolean {
  if (step === undefined || (steps !== undefined && step >= steps)) return false;
  return silentSeconds > Math.max(LEAST_STILL_SECONDS, STILL_STEPS * secondsPerStep);
}

/** What one process shows, whatever the others do. */
function stuck(job: WatchedJob, rank: WatchedRank, one: Activity): RankFinding[] {
  const { state, unchangedSeconds, pid, waitsIn } = one;
  if (unchangedSeconds === 0) return [];
  const span = seconds(unchangedSeconds);
  const since = (kind: RankFinding["kind"], what: string, severity: RankFinding["severity"] = "problem") => [
    finding(job, rank, one, kind, severity, what),
  ];
  if (state === "T")
    return since("stopped", `has not run for ${span}: stopped (state T); on ${rank.host}: kill -CONT ${pid}`);
  if (state === "t") return since("stopped", `has not run for ${span}: a debugger holds it (state t)`);
  const isLong = unchangedSeconds >= SETTLED_SECONDS || standsStill(job);
  if (state === "D" && isLong) {
    const where = waitsIn === undefined ? "" : ` in ${waitsIn}`;
    return since(
      "device-wait",
      `has waited${where} for ${span} (state D): a disk, a network file system or a driver does not answer; on ${rank.host}: cat /proc/${pid}/stack; dmesg | tail`,
    );
  }
  // Programs that take no notice of children that ended are common: only of a rank itself it means something.
  if (state === "Z" && isLong && one === rank.main && rank.rank !== undefined)
    return since("zombie", `has ended, and its launcher has not taken notice for ${span} (state Z)`);
  return [];
}

/** What sets ranks apart from all others while the job stands still: fewer than the others, which all do the same. */
function apart(job: WatchedJob): RankFinding[] {
  const ranks = job.ranks.filter(({ rank }) => rank !== undefined);
  if (!isWholeWorld(ranks) || ranks.some(({ cpuShare }) => cpuShare === undefined)) return [];
  return gpuIdle(job, ranks) ?? busyAlone(job, ranks) ?? waitsElsewhere(job, ranks) ?? [];
}

function gpuIdle(job: WatchedJob, ranks: readonly WatchedRank[]): RankFinding[] | undefined {
  const idle = ranks.filter(({ gpuPercent }) => gpuPercent !== undefined && gpuPercent <= GPU_IDLE_PERCENT);
  const waiting = ranks.filter(({ gpuPercent = 0 }) => gpuPercent >= GPU_WAITS_PERCENT);
  if (!areFew(idle, waiting) || idle.length + waiting.length < ranks.length) return undefined;
  return idle.map(rank => {
    const works = isBusy(rank) || (rank.ioBytesPerSecond ?? 0) > IDLE_BYTES_PER_SECOND;
    const what = `has nothing on its GPU while the GPUs of the other ${waiting.length} are at work or wait for it; it ${doing(rank)}`;
    return finding(
      job,
      rank,
      rank.main,
      "gpu-idle",
      works ? "note" : "problem",
      `${what}${works ? "" : `; ${dump(rank)}`}`,
    );
  });
}

function busyAlone(job: WatchedJob, ranks: readonly WatchedRank[]): RankFinding[] | undefined {
  const busy = ranks.filter(isBusy);
  const idle = ranks.filter(({ cpuShare = 1 }) => cpuShare < IDLE_SHARE);
  if (!areFew(busy, idle) || busy.length + idle.length < ranks.length) return undefined;
  // Waiters of NCCL are the busy ones; then the GPUs tell.
  if (ranks.length === 2 && ranks.some(({ gpu }) => gpu !== undefined)) return undefined;
  return busy.map(rank =>
    finding(
      job,
      rank,
      rank.main,
      "busy-alone",
      "note",
      `${doing(rank)} while the other ${idle.length} wait: a checkpoint, an evaluation or data of its own, or a loop; ${dump(rank)}`,
    ),
  );
}

function waitsElsewhere(job: WatchedJob, ranks: readonly WatchedRank[]): RankFinding[] | undefined {
  if (ranks.length < 3 || ranks.some(({ main, cpuShare = 1 }) => cpuShare >= IDLE_SHARE || !main.waitsIn))
    return undefined;
  const places = groupBy(ranks, ({ main }) => main.waitsIn ?? "");
  const [alone, ...more] = [...places.values()].filter(group => group.length === 1).flat();
  if (places.size !== 2 || !alone || more.length > 0) return undefined;
  const elsewhere = [...places.keys()].find(place => place !== alone.main.waitsIn);
  return [
    finding(
      job,
      alone,
      alone.main,
      "waits-elsewhere",
      "note",
      `sleeps in ${alone.main.waitsIn}, all others in ${elsewhere}; ${dump(alone)}`,
    ),
  ];
}

/** Some, and fewer than the others; of two one is enough, for it is known which of them waits. */
function areFew(some: readonly WatchedRank[], others: readonly WatchedRank[]): boolean {
  return some.length > 0 && (some.length < others.length || (some.length === 1 && others.length === 1));
}

function isBusy({ cpuShare = 0 }: WatchedRank): boolean {
  return cpuShare >= BUSY_SHARE;
}

function doing({ cpuShare = 0, ioBytesPerSecond = 0, main }: WatchedRank): string {
  const place = main.waitsIn === undefined ? "" : ` in ${main.waitsIn}`;
  const cpu = cpuShare < IDLE_SHARE ? `sleeps${place}` : `uses ${Math.round(cpuShare * 100)} % of a processor`;
  const io =
    ioBytesPerSecond > IDLE_BYTES_PER_SECOND ? `, reads and writes ${(ioBytesPerSecond / 1e6).toFixed(1)} MB/s` : "";
  return `${cpu}${io}`;
}

function dump({ host, main }: WatchedRank): string {
  return `on ${host}: py-spy dump --pid ${main.pid}`;
}

function finding(
  job: WatchedJob,
  rank: WatchedRank,
  one: Activity,
  kind: RankFinding["kind"],
  severity: RankFinding["severity"],
  what: string,
): RankFinding {
  const { host, gpu } = rank;
  const who = rank.rank === undefined ? `a process of launcher ${rank.launcher}` : `rank ${rank.rank}`;
  const whose = one === rank.main ? who : `${one.name} of ${who}`;
  const place = [host, ...(gpu === undefined ? [] : [`GPU ${gpu}`]), `pid ${one.pid}`].join(", ");
  return {
    job: job.job,
    severity,
    host,
    ...(rank.rank !== undefined && { rank: rank.rank }),
    pid: one.pid,
    kind,
    text: `${job.job}: ${whose} (${place}) ${what}; ${[...others(job, rank), progress(job)].join("; ")}`,
  };
}

/** What the other ranks do meanwhile. */
function others(job: WatchedJob, rank: WatchedRank): string[] {
  const all = job.ranks.filter(other => other.rank !== undefined && other !== rank && other.cpuShare !== undefined);
  if (rank.rank === undefined || all.length === 0) return [];
  const idle = all.filter(({ cpuShare = 0 }) => cpuShare < IDLE_SHARE).length;
  if (idle === all.length) return [`the other ${all.length} wait`];
  return idle === 0 ? [`the other ${all.length} work, or spin while they wait`] : [];
}

function progress({ step, steps, silentSeconds }: WatchedJob): string {
  const at = step === undefined ? "no step yet" : `step ${step}${steps === undefined ? "" : ` of ${steps}`}`;
  return silentSeconds === undefined ? at : `${at}, last line ${seconds(silentSeconds)} ago`;
}

function seconds(count: number): string {
  return `${Math.round(count)} s`;
}
