import { type Cell, find, marginalSeconds, type RunName, type ToolName } from "./results";
import { ratio } from "./statistics";

/** A promise and what was measured of it. The bench reports; no test asserts a time. */
export interface Goal {
  readonly goal: string;
  readonly limit: { readonly atMost: number } | { readonly atLeast: number };
  /** Undefined: this bench did not measure it (a size or a tool was left out). */
  readonly measured?: number;
  readonly met?: boolean;
  /** The numbers behind it. */
  readonly detail: string;
}

const MOST_MARGINAL_RATIO = 1.3;
const LEAST_ANSIBLE_RATIO = 5;
const MOST_IDLE_EXECS = 3;
const RUNS = ["first", "second"] as const;
/** The size that the goals name; where it was not measured, the largest that was. */
const GOAL_HOSTS = 16;

export function goals(all: readonly Cell[]): Goal[] {
  const sizes = [...new Set(all.map(each => each.hosts))].sort((a, b) => a - b);
  const size = sizes.includes(GOAL_HOSTS) ? GOAL_HOSTS : (sizes.at(-1) ?? 0);
  return [
    ...RUNS.map(run => marginalGoal(all, run, size)),
    ...RUNS.map(run => fasterGoal(all, run, size, "ansible", LEAST_ANSIBLE_RATIO)),
    ...RUNS.map(run => fasterGoal(all, run, size, "pyinfra", 1)),
    countGoal(
      all.filter(each => each.tool === "muster" && each.run !== "preview"),
      "SSH handshakes per host and run",
      "handshakes",
      1,
    ),
    countGoal(
      all.filter(each => each.tool === "muster" && each.run === "second"),
      "execs per host of an up with nothing to do",
      "execs",
      MOST_IDLE_EXECS,
    ),
  ];
}

function judged(goal: string, limit: Goal["limit"], measured: number | undefined, detail: string): Goal {
  if (measured === undefined) return { goal, limit, detail };
  const met = "atMost" in limit ? measured <= limit.atMost : measured >= limit.atLeast;
  return { goal, limit, measured, met, detail };
}

function marginalGoal(all: readonly Cell[], run: RunName, size: number): Goal {
  const goal = `marginal cost per host of the ${run} up, by that of the script by hand`;
  const limit = { atMost: MOST_MARGINAL_RATIO };
  const of = (tool: ToolName) => marginalSeconds(all, tool, run).find(each => each.to === size);
  const [ours, theirs] = [of("muster"), of("by-hand")];
  if (ours === undefined || theirs === undefined)
    return judged(goal, limit, undefined, "needs two sizes and both tools");
  const detail = `(T${ours.to} - T${ours.from}) / ${ours.to - ours.from}: ${ours.perHost.toFixed(3)} s and ${theirs.perHost.toFixed(3)} s`;
  return judged(goal, limit, ratio(ours.perHost, theirs.perHost), detail);
}

function fasterGoal(all: readonly Cell[], run: RunName, size: number, peer: ToolName, atLeast: number): Goal {
  const goal = `${run} up of ${size} warm hosts: times faster than ${peer}`;
  const [ours, theirs] = [find(all, "muster", run, size), find(all, peer, run, size)];
  if (ours === undefined || theirs === undefined) return judged(goal, { atLeast }, undefined, "not measured");
  const detail = `${theirs.seconds.median.toFixed(2)} s and ${ours.seconds.median.toFixed(2)} s`;
  return judged(goal, { atLeast }, ratio(theirs.seconds.median, ours.seconds.median), detail);
}

/** Counts are not medians: every run at every host must keep to it. */
function countGoal(own: readonly Cell[], goal: string, what: "handshakes" | "execs", atMost: number): Goal {
  if (own.length === 0) return judged(goal, { atMost }, undefined, "not measured");
  const detail = own.map(each => `${each.run} at ${each.hosts}: ${each[what].min} to ${each[what].max}`).join("; ");
  return judged(goal, { atMost }, Math.max(...own.map(each => each[what].max)), detail);
}
