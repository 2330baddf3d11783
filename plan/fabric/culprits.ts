export type Pair = readonly [string, string];

export interface Culprits {
  /** Nodes that are bad with more than half of those they were tried with. */
  readonly hosts: readonly string[];
  /** Bad pairs that no such node explains. */
  readonly pairs: readonly Pair[];
}

/**
 * Who is at fault, from the pairs that were tried and those of them that are bad: a host if it is bad with most others, else the pair.
 * The worst host is taken first and what it explains is taken away, so that its partners are not blamed.
 */
export function namedCulprits(tried: readonly Pair[], bad: readonly Pair[]): Culprits {
  const hosts: string[] = [];
  // Each direction of a pair may have been found bad.
  let left = distinct(bad);
  let within = tried;
  for (let worst = worstHost(within, left); worst !== undefined; worst = worstHost(within, left)) {
    const host = worst;
    hosts.push(host);
    left = left.filter(pair => !pair.includes(host));
    within = within.filter(pair => !pair.includes(host));
  }
  return { hosts: hosts.sort(), pairs: left };
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
