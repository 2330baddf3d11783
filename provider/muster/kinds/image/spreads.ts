import type { Hosts } from "../../../../remote/runner";
import type { KindContext } from "../../../kind";
import type { ImageInputs } from "./inputs";
import { localName } from "./reference";
import { ImageSpread } from "./spread";
import type { Wish } from "./wish";

interface Entry {
  readonly spread: ImageSpread;
  members: number;
  closed?: Promise<void>;
}

/** The spreads under way in this process, by table of hosts and by what is spread. */
const underWay = new WeakMap<Hosts, Map<string, Entry>>();

/**
 * Works with the spread of an image that all hosts of this process share which want the same one. Whoever leaves last tidies up, and who comes
 * later begins anew: what was found out may no longer be so.
 */
export async function inSpread<T>(
  context: KindContext,
  inputs: ImageInputs,
  wish: Wish,
  work: (spread: ImageSpread) => Promise<T>,
): Promise<T> {
  const spreads = underWay.get(context.hosts) ?? new Map<string, Entry>();
  underWay.set(context.hosts, spreads);
  const key = JSON.stringify([context.cluster, localName(inputs.reference), Object.keys(inputs.source), wish]);
  let entry = spreads.get(key);
  while (entry?.closed) {
    await entry.closed;
    entry = spreads.get(key);
  }
  entry ??= { spread: new ImageSpread(context, inputs, wish), members: 0 };
  spreads.set(key, entry);
  entry.members++;
  try {
    return await work(entry.spread);
  } finally {
    entry.members--;
    if (entry.members === 0) {
      entry.closed = entry.spread.close().finally(() => spreads.delete(key));
      await entry.closed;
    }
  }
}
