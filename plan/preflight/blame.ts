import { groupBy } from "../group-by";
import { nodeList } from "../node-list";

/** A trial from one node to another that failed. */
export interface FailedTrial {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface Blamed<T extends FailedTrial> {
  readonly node: string;
  /** to: others do not get to it. from: it gets to no other. */
  readonly side: "to" | "from";
  readonly trials: readonly T[];
}

/** Nodes that each node tried, whatever came of it. */
export type Tried = ReadonlyMap<string, readonly string[]>;

/**
 * Whose fault the failures are. A node that failed in all it tried with two or more others, to which somebody else got, is itself at fault;
 * all else is put on the node that was not reached.
 * @param trialsWith how many trials each node had with that one
 */
export function blame<T extends FailedTrial>(
  failed: readonly T[],
  tried: Tried,
  trialsWith: (to: string) => number = () => 1,
): Blamed<T>[] {
  const order = new Map([...tried.keys()].map((node, index) => [node, index]));
  const place = (node: string): number => order.get(node) ?? order.size;
  // As answers come their order is another one each time.
  const sorted = [...failed].sort((a, b) => place(a.from) - place(b.from) || place(a.to) - place(b.to));
  const bySource = groupBy(sorted, trial => trial.from);
  const failures = new Map([...bySource].map(([from, trials]) => [from, groupBy(trials, trial => trial.to)]));
  const reachedBy = new Map<string, number>();
  for (const [from, targets] of tried) {
    for (const to of targets) if (!failures.get(from)?.has(to)) reachedBy.set(to, (reachedBy.get(to) ?? 0) + 1);
  }
  const isLost = (from: string): boolean => {
    const open = (tried.get(from) ?? []).filter(to => reachedBy.has(to));
    return open.length > 1 && open.every(to => (failures.get(from)?.get(to)?.length ?? 0) >= trialsWith(to));
  };
  const lost = new Set([...bySource.keys()].filter(isLost));
  const byTarget = groupBy(
    sorted.filter(({ from }) => !lost.has(from)),
    trial => trial.to,
  );
  return [
    ...[...lost].map((node): Blamed<T> => ({ node, side: "from", trials: bySource.get(node) ?? [] })),
    ...[...byTarget].map(([node, trials]): Blamed<T> => ({ node, side: "to", trials })),
  ];
}

/** The nodes at the other ends of what a node is blamed for. */
export function othersOf(side: Blamed<FailedTrial>["side"], trials: readonly FailedTrial[]): string {
  return nodeList([...new Set(trials.map(trial => (side === "to" ? trial.from : trial.to)))]);
}

/** Distinct reasons of trials, the most frequent first. */
export function reasonsOf(trials: readonly FailedTrial[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of trials) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([reason]) => reason)
    .join("; ");
}
