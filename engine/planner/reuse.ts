import { equalValues, isMap, mapValues, Secret, type Value, type ValueMap } from "../../wire/values";

/**
 * The new values with every secret that did not change taken from the old ones. A secret object knows its ciphertext, so what
 * did not change is written as it was.
 */
export function reuseSecrets(news: ValueMap, olds: ValueMap | undefined): ValueMap {
  return olds === undefined ? news : mapValues(news, (value, key) => reuse(value, olds[key]));
}

function reuse(now: Value, old: Value | undefined): Value {
  if (now instanceof Secret) return old instanceof Secret && equalValues(now, old) ? old : now;
  if (Array.isArray(now) && Array.isArray(old)) return now.map((item, index) => reuse(item, old[index]));
  return isMap(now) && isMap(old) ? reuseSecrets(now, old) : now;
}
