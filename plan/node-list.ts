import { groupBy } from "./group-by";

const MOST = 6;

/** Names for a sentence: all of a few, and how many more there are. Among hundreds of nodes a list of all says less. */
export function nodeList(names: readonly string[]): string {
  return names.length <= MOST
    ? names.join(", ")
    : `${names.slice(0, MOST - 1).join(", ")} and ${names.length - MOST + 1} more`;
}

/** Nodes that share a value, the most frequent first: `1500 on node-1, node-2; 9000 on node-3`. */
export function byValue(nodes: readonly { readonly node: string; readonly value: string }[]): string {
  return [...groupBy(nodes, ({ value }) => value)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value, group]) => `${value} on ${nodeList(group.map(({ node }) => node))}`)
    .join("; ");
}
