import { define, isList, isMap, Secret, type Value, type ValueMap } from "../../wire/values";
import { type PropertyPath, readPath } from "./property-path";

/** The new inputs with the old values at some paths, and the paths where that could not be, or not in all places. */
export interface Kept {
  readonly inputs: ValueMap;
  readonly missed: readonly string[];
}

/**
 * Option ignoreChanges. What was absent before is absent again; elements of lists are neither added nor removed. A text that is no
 * path is passed over (pulumi/pulumi sdk/go/common/resource/properties_path.go Reset, 3.260).
 */
export function keepOldValues(news: ValueMap, olds: ValueMap, ignoreChanges: readonly string[]): Kept {
  let inputs: Value = news;
  const missed: string[] = [];
  for (const text of ignoreChanges) {
    const path = readPath(text);
    if (path === undefined) continue;
    const [kept, everywhere] = reset(path, { value: olds, secret: false }, { value: inputs, secret: false });
    inputs = kept ?? {};
    if (!everywhere) missed.push(text);
  }
  return { inputs: inputs as ValueMap, missed };
}

/** A value on the way, and whether it lies within a secret. */
interface Place {
  readonly value: Value | undefined;
  readonly secret: boolean;
}

/** The new value, absent if undefined, and whether all of the path was found. */
type Reset = readonly [Value | undefined, boolean];

function reset(path: PropertyPath, was: Place, is: Place): Reset {
  const { value } = is;
  if (!(value instanceof Secret)) return resetOpen(path, opened(was), is);
  const [kept, everywhere] = reset(path, was, { value: value.element, secret: true });
  return [kept === value.element ? value : new Secret(kept ?? null), everywhere];
}

function opened({ value, secret }: Place): Place {
  return value instanceof Secret ? opened({ value: value.element, secret: true }) : { value, secret };
}

function resetOpen([key, ...below]: PropertyPath, was: Place, is: Place): Reset {
  if (key === undefined) return [is.value, false];
  if (key === "*") return resetAll(below, was, is);
  return typeof key === "number" ? resetElement(key, below, was, is) : resetMember(key, below, was, is);
}

/** What lies at the end of a path; a secret stays one also where the new value is none. */
function end(value: Value, was: Place, is: Place): Value {
  return was.secret && !is.secret && !(value instanceof Secret) ? new Secret(value) : value;
}

function resetElement(index: number, below: PropertyPath, was: Place, is: Place): Reset {
  const [old, now] = [was.value, is.value];
  if (!isList(old) || !isList(now)) return [now, !isList(old) && !isList(now)];
  const [before, after] = [old[index], now[index]];
  if (before === undefined || after === undefined) return [now, below.length === 0 && before === after];
  const [kept, found] = step(below, before, after, was, is);
  return [now.map((item, at) => (at === index && kept !== undefined ? kept : item)), found];
}

function resetMember(key: string, below: PropertyPath, was: Place, is: Place): Reset {
  const [old, now] = [was.value, is.value];
  const before = member(old, key);
  if (!isMap(now)) return [now, below.length === 0 ? before === undefined : !isMap(old)];
  if (below.length > 0 && !isMap(old)) return [now, false];
  const after = member(now, key);
  if (below.length > 0 && after === undefined) return [now, before === undefined];
  const [kept, found] = step(below, before, after, was, is);
  const map: Record<string, Value> = { ...now };
  if (kept === undefined) delete map[key];
  else define(map, key, kept);
  return [map, found];
}

function resetAll(below: PropertyPath, was: Place, is: Place): Reset {
  const [old, now] = [was.value, is.value];
  if (isList(now)) {
    if (!isList(old)) return [now, below.length === 0];
    const results = now.map((item, at): Reset => {
      const before = old[at];
      return before === undefined ? [item, true] : step(below, before, item, was, is);
    });
    return [
      results.map(([kept], at) => kept ?? now[at] ?? null),
      old.length === now.length && results.every(([, ok]) => ok),
    ];
  }
  if (!isMap(now)) return [now, false];
  if (!isMap(old)) return [now, below.length === 0];
  if (below.length === 0) {
    return [Object.fromEntries(Object.entries(old).map(([key, value]) => [key, end(value, was, is)])), true];
  }
  return Object.keys(old).reduce<Reset>(
    ([map, ok], key) => {
      if (!ok || member(now, key) === undefined) return [map, false];
      return resetMember(key, below, was, { ...is, value: map });
    },
    [now, true],
  );
}

function step(below: PropertyPath, before: Value | undefined, after: Value | undefined, was: Place, is: Place): Reset {
  if (below.length === 0) return [before === undefined ? undefined : end(before, was, is), true];
  return reset(below, { ...was, value: before }, { ...is, value: after });
}

function member(map: Value | undefined, key: string): Value | undefined {
  return isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}
