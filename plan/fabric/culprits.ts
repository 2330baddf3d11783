export type Pair = readonly [string, string];

export interface Culprits {
  /** Nodes that are bad with more than half of those they were tried with. */
  readonly hosts: readonly string[];
  /** Bad pairs that no such node explains. */
  readonly pairs: readonly Pair[];
  /** Two groups of nodes, each well by itself, with all that were tried between them bad: a line that they share. */
  readonly between: readonly Sides[];
}

export type Sides = readonly [readonly string[], readonly string[]];

/**
 * Who is at fault, from the pairs that were tried and those of them that are bad: a host if it is bad with most others, the ways
 * between two groups if nothing gets well from one to the other, else the pair.
 * The worst host is taken first and what it explains is taken away, so that its partners are not blamed.
 */
export function namedCulprits(tried: readonly Pair[], bad: readonly Pair[]): Culprits {
  const hosts: string[] = [];
  const between = apart(islands(tried, bad), bad);
  const explained = (pair: Pair): boolean => between.some(sides => joins(sides, pair));
  // Each direction of a pair may have been found bad.
  let left = distinct(bad).filter(pair => !explained(pair));
  let within = tried.filter(pair => !explained(pair));
  for (let worst = worstHost(within, left); worst !== undefined; worst = worstHost(within, left)) {
    const host = worst;
    hosts.push(host);
    left = left.filter(pair => !pair.includes(host));
    within = within.filter(pair => !pair.includes(host));
  }
  return { hosts: hosts.sort(), pairs: left, between };
}

/** Groups of two nodes or more that good pairs hold together. */
function islands(tried: readonly Pair[], bad: readonly Pair[]): string[][] {
  const isBad = new Set(bad.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
  const groupOf = new Map<string, string[]>();
  for (const [a, b] of tried) {
    if (isBad.has(`${a} ${b}`)) continue;
    const [one, other] = [groupOf.get(a) ?? [a], groupOf.get(b) ?? [b]];
    if (one === other) continue;
    one.push(...other);
    for (const node of one) groupOf.set(node, one);
  }
  return [...new Set(groupOf.values())];
}

function apart(groups: readonly string[][], bad: readonly Pair[]): Sides[] {
  const sides = groups.flatMap((one, i) => groups.slice(i + 1).map((other): Sides => [one, other]));
  return sides.filter(each => bad.some(pair => joins(each, pair)));
}

function joins([one, other]: Sides, [a, b]: Pair): boolean {
  return (one.includes(a) && other.includes(b)) || (one.includes(b) && other.includes(a));
}

function worstHost(tried: readonly Pair[], bad: readonly Pair[]): string | undefined {
  const count = (pairs: readonly Pair[], host: string): number => pairs.filter(pair => pair.includes(host)).length;
  const shares = [...new Set(bad.flat())].map(host => ({
    host,
    bad: count(bad, host),
    share: count(bad, host) / count(tried, host),
  }));
  const suspects = shares.filter(each => each.bad >= 2 && each.share > 0.5);
  return suspects.sort((a, b) => b.share - a.share || b.bad - a.bad || a.host.localeCompare(b.host))[0]?.host;
}

function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map(pair => [pair.join(), pair])).values()];
}

/** All pairs of the nodes, each once. */
export function allPairs(nodes: readonly string[]): Pair[] {
  return nodes.flatMap((a, i) => nodes.slice(i + 1).map((b): Pair => [a, b]));
}
