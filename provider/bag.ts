import {
  Asset,
  containsUnknown,
  define,
  isList,
  isMap,
  Secret,
  UNKNOWN,
  type Unknown,
  type Value,
  type ValueMap,
} from "../wire/values";

/** Properties of one resource in plain form: no secret wrappers, no unknowns. */
export type Bag = Record<string, unknown>;

/** What a kind may see of the properties of a request, and what must be put back around it afterwards. */
export interface OpenedBag {
  /** Fields that are wholly known, unwrapped. A null counts as absent. */
  readonly known: Bag;
  /** Fields that are unknown, or hold an unknown somewhere, as they came. */
  readonly unknown: ValueMap;
  /** Fields in which a secret was found. The whole field counts as secret from then on. */
  readonly secretFields: ReadonlySet<string>;
}

/**
 * Takes the wire's wrappers off. `texts` collects the secret texts, for redaction; not those below the keys that `publicParts` names
 * for a field: a host's address inside a secret connection is no secret.
 */
export function openBag(
  values: ValueMap,
  texts?: Set<string>,
  publicParts: (field: string) => readonly string[] = () => [],
): OpenedBag {
  const known: Bag = {};
  const unknown: Record<string, Value> = {};
  const secretFields = new Set<string>();
  for (const [key, value] of Object.entries(values)) {
    const found = (text?: string): void => {
      secretFields.add(key);
      if (text !== undefined) texts?.add(text);
    };
    const plain = strip(value, false, found, publicParts(key));
    if (value === null) continue;
    if (containsUnknown(value)) define(unknown, key, value);
    else if (plain !== null) define<unknown>(known, key, plain);
  }
  return { known, unknown, secretFields };
}

function strip(value: Value, secret: boolean, found: (text?: string) => void, publicParts: readonly string[]): unknown {
  if (value instanceof Secret) {
    found();
    return strip(value.element, true, found, publicParts);
  }
  if (secret && typeof value === "string") found(value);
  if (isList(value)) return value.map(item => strip(item, secret, found, publicParts));
  if (!isMap(value)) return value;
  const result: Bag = {};
  for (const [key, item] of Object.entries(value)) {
    define<unknown>(result, key, strip(item, secret && !publicParts.includes(key), found, publicParts));
  }
  return result;
}

/** The texts of a plain value that is secret as a whole. */
export function secretTextsOf(value: unknown, publicParts: readonly string[] = []): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    publicParts.includes(key) ? [] : secretTextsOf(item, publicParts),
  );
}

/** Puts plain properties back into the wire's form; `secretFields` are wrapped whole. Undefined fields are left out. */
export function sealBag(plain: Bag, secretFields: ReadonlySet<string>): ValueMap {
  const result: Record<string, Value> = {};
  for (const [key, item] of Object.entries(plain)) {
    if (item === undefined) continue;
    const value = toValue(item);
    define(result, key, secretFields.has(key) && !(value instanceof Secret) ? new Secret(value) : value);
  }
  return result;
}

function toValue(item: unknown): Value {
  if (item === null || item === undefined) return null;
  if (typeof item === "string" || typeof item === "number" || typeof item === "boolean") return item;
  if (Array.isArray(item)) return item.map(toValue);
  if (isWireClass(item)) return item;
  if (typeof item !== "object") throw new TypeError(`a ${typeof item} cannot be a property`);
  const result: Record<string, Value> = {};
  for (const [key, inner] of Object.entries(item)) if (inner !== undefined) define(result, key, toValue(inner));
  return result;
}

function isWireClass(item: unknown): item is Secret | Unknown | Asset {
  return (
    item instanceof Secret ||
    item === UNKNOWN ||
    item instanceof Asset ||
    item?.constructor?.name === "ResourceReference"
  );
}
