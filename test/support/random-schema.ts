import fc from "fast-check";

/** The part of JSON Schema that zod writes for the cluster file. */
export interface JsonSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
}

export interface RandomOptions {
  /** Values of single fields, by dotted path without indexes, in place of what the schema allows. */
  readonly chosen: Readonly<Record<string, fc.Arbitrary<unknown>>>;
  /** Of a field that may be left out: how often it is there, from 0 to 1. */
  readonly presence: (path: string) => number;
  /** How often a value is something that no schema asked for, from 0 to 1. */
  readonly junk: number;
}

const junkValue = fc.oneof(
  fc.constantFrom<unknown>(null, "", [], {}, true, -1, 0, 0.5, 1e21, "__proto__", "..", "\u0000", "$x", "a b"),
  fc.string(),
  fc.double(),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 2 }),
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
);

/** Values that a schema allows, now and then spoilt; never as a whole. */
export function randomOf(schema: JsonSchema, options: RandomOptions, path = ""): fc.Arbitrary<unknown> {
  const right = options.chosen[path] ?? allowed(schema, options, path);
  if (options.junk === 0 || path === "") return right;
  const weight = Math.round(options.junk * 1000);
  return fc.oneof({ arbitrary: right, weight: 1000 - weight }, { arbitrary: junkValue, weight });
}

function allowed(schema: JsonSchema, options: RandomOptions, path: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(member => allowed(member, options, path)));
  switch (schema.type) {
    case "object":
      return object(schema, options, path);
    case "array":
      return fc.array(randomOf(schema.items ?? {}, options, path), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case "integer": {
      const least = schema.exclusiveMinimum === undefined ? schema.minimum : schema.exclusiveMinimum + 1;
      return within(least ?? -8, schema.maximum, (min, max) => fc.integer({ min, max }));
    }
    case "number": {
      const least = schema.exclusiveMinimum === undefined ? schema.minimum : schema.exclusiveMinimum + 1e-6;
      return within(least ?? -8, schema.maximum, (min, max) => fc.double({ min, max, noNaN: true }));
    }
    case "boolean":
      return fc.boolean();
    case "string":
      return text(schema);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

/** Mostly small numbers, as people write them; any other now and then. zod's largest integer is no bound of anybody's. */
function within(
  min: number,
  maximum: number | undefined,
  make: (min: number, max: number) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const max = Math.max(min, maximum ?? Number.MAX_SAFE_INTEGER);
  return fc.oneof(
    { arbitrary: make(min, Math.min(max, Math.max(min, 16))), weight: 9 },
    { arbitrary: make(min, max), weight: 1 },
  );
}

function text(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema.format === "uri") return fc.webUrl();
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
  return fc.string({ minLength: schema.minLength ?? 0, maxLength: 12 });
}

function object(schema: JsonSchema, options: RandomOptions, path: string): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties, propertyNames } = schema;
  if (!properties) {
    const values = typeof additionalProperties === "object" ? additionalProperties : {};
    return fc.dictionary(text(propertyNames ?? {}), randomOf(values, options, path), { maxKeys: 3 });
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const below = path === "" ? name : `${path}.${name}`;
    const value = randomOf(field, options, below).map(given => ({ [name]: given }));
    if (required.includes(name)) return value;
    const weight = Math.round(options.presence(below) * 100);
    return fc.oneof({ arbitrary: value, weight }, { arbitrary: fc.constant({}), weight: 100 - weight });
  });
  return fc.tuple(...fields).map(parts => Object.assign({}, ...parts));
}
