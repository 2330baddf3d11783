/**
 * Property values as programs, engines and providers exchange them. Signatures: sdk/go/common/resource/sig of Pulumi 3.260.
 */

/** Key that marks an object in a Struct as something that JSON has no word for. */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
export const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
export const ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7";
export const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
export const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Stands for a value of any type that is known only once the resource exists. */
export const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Value =
  | null
  | boolean
  | number
  | string
  | Secret
  | Unknown
  | Asset
  | ResourceReference
  | readonly Value[]
  | ValueMap;

export interface ValueMap {
  readonly [key: string]: Value;
}

/** A value that must never be shown or stored in plain text. */
export class Secret {
  constructor(readonly element: Value) {}

  /** So that a secret that is logged by mistake stays one. */
  toString(): string {
    return "[secret]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** See `UNKNOWN`, its only instance. */
export class Unknown {
  private readonly kind = "unknown";
  toString(): string {
    return `[${this.kind}]`;
  }
}

/** A value that is not known before the resource is created or updated. */
export const UNKNOWN = new Unknown();

/** A file: by its text, a path or a URI. An archive is carried unopened. */
export class Asset {
  constructor(
    readonly kind: "asset" | "archive",
    /** `hash`, and one of `text`, `path`, `uri`, `assets`, as on the wire. */
    readonly fields: Readonly<Record<string, unknown>>,
  ) {}
}

/** A resource used as a property of another one. `id` is absent for components. */
export class ResourceReference {
  constructor(
    readonly urn: string,
    readonly id: string | Unknown | undefined,
    readonly packageVersion: string,
  ) {}
}

/** True for an object of named values, not one of the classes above. */
export function isMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown) &&
    !(value instanceof Asset) &&
    !(value instanceof ResourceReference)
  );
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** True if the value, or anything inside it, is unknown. */
export function containsUnknown(value: Value | undefined): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof ResourceReference) return value.id instanceof Unknown;
  if (value instanceof Secret) return containsUnknown(value.element);
  if (isList(value)) return value.some(containsUnknown);
  return isMap(value) && Object.values(value).some(containsUnknown);
}

/** The values without what is unknown, at any depth: a provider is asked in earnest with what is known only. */
export function withoutUnknowns(values: ValueMap): ValueMap {
  return mapValues(values, knownPart);
}

function knownPart(value: Value): Value | undefined {
  if (value instanceof Unknown) return undefined;
  if (value instanceof Secret) {
    const element = knownPart(value.element);
    return element === undefined ? undefined : element === value.element ? value : new Secret(element);
  }
  if (isList(value)) return value.map(knownPart).filter(item => item !== undefined);
  return isMap(value) ? withoutUnknowns(value) : value;
}

/** True if the value, or anything inside it, is a secret. */
export function containsSecret(value: Value | undefined): boolean {
  if (value instanceof Secret) return true;
  if (isList(value)) return value.some(containsSecret);
  return isMap(value) && Object.values(value).some(containsSecret);
}

/** Applies `change` to each value of a map; `undefined` leaves the key out. */
export function mapValues(map: ValueMap, change: (value: Value, key: string) => Value | undefined): ValueMap {
  const result: Record<string, Value> = {};
  for (const [key, value] of Object.entries(map)) {
    const changed = change(value, key);
    if (changed !== undefined) define(result, key, changed);
  }
  return result;
}

/** The value without its secret wrappers, at any depth. Only for providers and for `--show-secrets`. */
export function revealSecrets(value: Value): Value {
  if (value instanceof Secret) return revealSecrets(value.element);
  if (isList(value)) return value.map(revealSecrets);
  return isMap(value) ? mapValues(value, revealSecrets) : value;
}

/** Sets an own property even if it is named `__proto__`. */
export function define<T>(target: Record<string, T>, key: string, value: T): void {
  // Every value of every resource comes through here several times, and a plain assignment is many times as fast.
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Deep equality; keys in any order; a secret equals only a secret. */
export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Secret) return b instanceof Secret && equalValues(a.element, b.element);
  if (a instanceof Asset) return b instanceof Asset && a.kind === b.kind && equalFields(a.fields, b.fields);
  if (a instanceof ResourceReference) return b instanceof ResourceReference && a.urn === b.urn && a.id === b.id;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => equalValues(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && equalValues(a[key], b[key]))
  );
}

function equalFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  if (typeof a.hash === "string" && typeof b.hash === "string") return a.hash === b.hash;
  return JSON.stringify(a) === JSON.stringify(b);
}
