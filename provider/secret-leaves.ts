import { define, isList, isMap, Secret, type Value } from "../wire/values";

/**
 * The value with the texts of the named fields, at any depth, wrapped as secrets. For configuration: engines send it in plain where it is
 * checked, and what the check returns is what they store.
 */
export function sealLeaves(value: Value, names: readonly string[], found: (text: string) => void): Value {
  if (value instanceof Secret) return new Secret(sealLeaves(value.element, names, found));
  if (isList(value)) return value.map(item => sealLeaves(item, names, found));
  if (!isMap(value)) return value;
  const result: Record<string, Value> = {};
  for (const [key, item] of Object.entries(value)) {
    const isNamed = names.includes(key) && typeof item === "string";
    if (isNamed) found(item);
    define<Value>(result, key, isNamed ? new Secret(item) : sealLeaves(item, names, found));
  }
  return result;
}
