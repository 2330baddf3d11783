const MOST = 6;

/** Names for a sentence: all of a few, and how many more there are. Among hundreds of nodes a list of all says less. */
export function nodeList(names: readonly string[]): string {
  return names.length <= MOST
    ? names.join(", ")
    : `${names.slice(0, MOST - 1).join(", ")} and ${names.length - MOST + 1} more`;
}

/** Nodes that share a value, the most frequent first: `1500 on node-1, node-2; 9000 on node-3`. */
export function byValue(nodes: readonly { readonly node: string; readonly value: string }[]): string {
  const groups = new Map<string, string[]>();
  for (const { node, value } of nodes) {
    const group = groups.get(value);
    if (group) group.push(node);
    else groups.set(value, [node]);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value, names]) => `${value} on ${nodeList(names)}`)
    .join("; ");
}
