import type { Finding } from "../finding";
import { byValue } from "../node-list";

/** What one host has of something that should be the same on all; undefined: it was not asked, or has none to compare. */
export interface Compared {
  readonly node: string;
  readonly value: string | undefined;
}

/**
 * Hosts that are not as the others. Those that differ from what most have are named one by one; where no value has a majority, one finding
 * names all. `fact` says it of one host: `driver 550.54, and the others have 570.86`.
 */
export function parityFindings(
  noun: string,
  compared: readonly Compared[],
  rest: Pick<Finding, "code" | "severity" | "why" | "remedy"> & Pick<Partial<Finding>, "path">,
): Finding[] {
  const known = compared.filter((each): each is { node: string; value: string } => each.value !== undefined);
  const counts = new Map<string, number>();
  for (const { value } of known) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size < 2) return [];
  const [[usual, most], [, second]] = [...counts].sort((a, b) => b[1] - a[1]) as [[string, number], [string, number]];
  if (most === second) {
    return [{ ...rest, hosts: known.map(({ node }) => node), fact: `${noun} ${byValue(known)}` }];
  }
  return known
    .filter(({ value }) => value !== usual)
    .map(({ node, value }) => ({ ...rest, host: node, fact: `${noun} ${value}; most hosts have ${usual}` }));
}
