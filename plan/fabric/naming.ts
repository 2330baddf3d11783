import type { Culprits, Sides } from "./culprits";
import type { Halves, PairSpeed } from "./reports";

/** So many names, pairs or steps are shown; the others are counted. */
const MOST_SHOWN = 10;

/** Who is at fault, for a person; empty if nobody is. */
export function named({ hosts, pairs, between }: Culprits): string {
  return [
    ...hosts.map(host => `${host} is at fault: it is bad with most of the others`),
    ...between.slice(0, MOST_SHOWN).map(sides => `${waysBetween(sides)} are at fault: each side is well by itself`),
    ...(between.length > MOST_SHOWN ? [`so are the ways between ${between.length - MOST_SHOWN} other groups`] : []),
    ...pairs.map(([a, b]) => `the way between ${a} and ${b} is at fault`),
  ].join("; ");
}

export function waysBetween([one, other]: Sides): string {
  return `the ways between ${some(one)} and ${some(other)}`;
}

/** Where halving the nodes has led; empty if it has not led anywhere. */
export function namedByHalves({ culprits, suspects, finished }: Halves, nodes: number): string {
  // What is left may be everybody: that names nobody.
  const within = suspects.flat().length * 2 > nodes ? [] : suspects;
  const left = within.map(group => `the fault is among ${some(group)}`);
  const cut = finished || (named(culprits) === "" && left.length === 0) ? [] : ["time was too short to look further"];
  return [named(culprits), ...left, ...cut].filter(Boolean).join("; ");
}

/** What was measured on the way there. */
export function halvesTable({ steps }: Halves): string {
  const shown = steps.slice(0, MOST_SHOWN).map(({ ends: [first, last], nodes, busbwGBps, wrong }) => {
    const who = nodes === 2 ? `${first} and ${last}` : `${nodes} nodes from ${first} to ${last}`;
    return `${who} ${gb(busbwGBps)}${wrong > 0 ? ", wrong" : ""}`;
  });
  const more = steps.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

/** The slowest of the pairs. */
export function pairTable(pairs: readonly PairSpeed[]): string {
  const sorted = [...pairs].sort((a, b) => a.busbwGBps - b.busbwGBps);
  const shown = sorted.slice(0, MOST_SHOWN).map(({ nodes: [a, b], busbwGBps }) => `${a} - ${b} ${gb(busbwGBps)}`);
  const more = sorted.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? `, the other ${more} faster` : ""}`;
}

/** Names, each once. */
export function list(names: readonly string[]): string {
  return [...new Set(names)].join(", ");
}

export function gb(value: number): string {
  return `${value < 0.1 ? value.toFixed(4) : value < 10 ? value.toFixed(2) : value.toFixed(0)} GB/s`;
}

function some(names: readonly string[]): string {
  const more = names.length - MOST_SHOWN;
  return `${list(names.slice(0, MOST_SHOWN))}${more > 0 ? ` and ${more} more` : ""}`;
}
