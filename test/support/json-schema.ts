/** A JSON Schema, as far as the project's own ones go. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
}

const KNOWN = new Set(
  "$ref $defs $schema title description type anyOf allOf enum minimum maximum items properties required propertyNames additionalProperties".split(
    " ",
  ),
);

/** What is wrong with a value, by its path; empty if it is valid. @throws Error for a keyword that is not looked at here */
export function faultsOf(value: unknown, schema: JsonSchema, root: JsonSchema = schema, path = "$"): string[] {
  const unknown = Object.keys(schema).find(key => !KNOWN.has(key));
  if (unknown !== undefined) throw new Error(`this validator knows no '${unknown}'`);
  if (schema.$ref !== undefined) {
    const target = root.$defs?.[schema.$ref.replace("#/$defs/", "")];
    if (target === undefined) throw new Error(`no ${schema.$ref}`);
    return faultsOf(value, target, root, path);
  }
  const faults = faultsOfChoices(value, schema, root, path);
  if (schema.type !== undefined && !isOfType(value, schema.type)) return [...faults, `${path} is no ${schema.type}`];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? faults
      : [...faults, ...value.flatMap((item, index) => faultsOf(item, items, root, `${path}[${index}]`))];
  }
  if (typeof value !== "object" || value === null) return faults;
  return [...faults, ...faultsOfObject(value, schema, root, path)];
}

function faultsOfChoices(value: unknown, schema: JsonSchema, root: JsonSchema, path: string): string[] {
  const faults = (schema.allOf ?? []).flatMap(each => faultsOf(value, each, root, path));
  const branches = (schema.anyOf ?? []).map(each => faultsOf(value, each, root, path));
  if (branches.length > 0 && branches.every(found => found.length > 0))
    faults.push(`${path} fits none of: ${branches.map(found => found[0]).join(" | ")}`);
  if (schema.enum !== undefined && !schema.enum.includes(value)) faults.push(`${path} is ${JSON.stringify(value)}`);
  if (typeof value === "number" && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    faults.push(`${path} is out of range`);
  return faults;
}

function faultsOfObject(value: object, schema: JsonSchema, root: JsonSchema, path: string): string[] {
  const missing = (schema.required ?? []).filter(key => !(key in value)).map(key => `${path} has no ${key}`);
  const members = Object.entries(value).flatMap(([key, member]) => {
    const place = `${path}.${key}`;
    const named =
      schema.propertyNames === undefined ? [] : faultsOf(key, schema.propertyNames, root, `${place} (its name)`);
    const declared = schema.properties?.[key] ?? schema.additionalProperties ?? true;
    if (declared === false) return [...named, `${place} is not declared`];
    return declared === true ? named : [...named, ...faultsOf(member, declared, root, place)];
  });
  return [...missing, ...members];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}
