/** Repeated measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws Error without values */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => {
    const value = sorted[index];
    if (value === undefined) throw new Error("nothing was measured");
    return value;
  };
  const half = sorted.length / 2;
  const median = Number.isInteger(half) ? (at(half - 1) + at(half)) / 2 : at(Math.floor(half));
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** A measured amount at a number of hosts. */
export interface Point {
  readonly hosts: number;
  readonly value: number;
}

/** What one host more costs, between two sizes: (T16 - T4) / 12 and so on. */
export interface Marginal {
  readonly from: number;
  readonly to: number;
  readonly perHost: number;
}

/** Between the smallest size and each larger one. */
export function marginals(points: readonly Point[]): Marginal[] {
  const [first, ...rest] = [...points].sort((a, b) => a.hosts - b.hosts);
  if (first === undefined) return [];
  return rest.map(({ hosts, value }) => ({
    from: first.hosts,
    to: hosts,
    perHost: (value - first.value) / (hosts - first.hosts),
  }));
}

/** Undefined where a ratio says nothing: what it is measured by is not above zero. */
export function ratio(value: number, by: number): number | undefined {
  return by > 0 ? value / by : undefined;
}

/** The tools of one repetition: each begins once before any begins twice, so that no tool always finds the machine as the same other left it. */
export function rotated<T>(items: readonly T[], repetition: number): T[] {
  const start = items.length === 0 ? 0 : repetition % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
