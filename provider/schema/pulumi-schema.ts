import type { AnyKind, Configuration } from "../provider-package";
import { isRecord, type JsonSchema, jsonSchemaOf, referenced } from "./json-schema";
import { nounOf, outputSchema } from "./sdk-class";

type Spec = Record<string, unknown>;

/** The package's schema as Pulumi's tools read it (Pulumi package metaschema, 3.260). */
export function pulumiSchema(
  name: string,
  version: string,
  configuration: Configuration,
  kinds: readonly AnyKind[],
): Spec {
  const types: Record<string, Spec> = {};
  const provider = properties(jsonSchemaOf(configuration.inputs), new TypeNames(name, "Provider", types));
  return {
    name,
    version,
    displayName: name,
    config: {},
    provider: { inputProperties: provider.properties, requiredInputs: provider.required },
    resources: Object.fromEntries(
      kinds.map(kind => [kind.token, resource(kind, new TypeNames(name, nounOf(kind), types))]),
    ),
    types,
    language: {},
  };
}

/** Nested objects need names in Pulumi's schema: the kind's noun and the path of fields. */
class TypeNames {
  constructor(
    private readonly packageName: string,
    readonly noun: string,
    private readonly types: Record<string, Spec>,
  ) {}

  add(path: string, schema: JsonSchema, child: TypeNames): string {
    const token = `${this.packageName}:index:${path}`;
    this.types[token] = {};
    this.types[token] = { type: "object", ...properties(schema, child) };
    return `#/types/${token}`;
  }

  reference(name: string): string {
    return `#/types/${this.packageName}:index:${name}`;
  }

  named(noun: string): TypeNames {
    return new TypeNames(this.packageName, noun, this.types);
  }

  below(field: string): TypeNames {
    return this.named(`${this.noun}${field.charAt(0).toUpperCase()}${field.slice(1)}`);
  }
}

function resource(kind: AnyKind, names: TypeNames): Spec {
  const inputs = properties(jsonSchemaOf(kind.inputs), names);
  for (const [name, policy] of Object.entries(kind.fields)) {
    const input = inputs.properties[name];
    if (input && policy.secret) input.secret = true;
    if (input && policy.change === "replace") input.willReplaceOnChanges = true;
  }
  const required = [...inputs.required];
  const outputs = Object.fromEntries(
    Object.entries(kind.outputs).map(([name, policy]) => {
      const { isOptional, json } = outputSchema(policy.schema);
      if (!isOptional) required.push(name);
      const type = policy.typescript ? { $ref: "pulumi.json#/Any" } : typeSpec(json, names.below(name));
      return [name, { ...type, description: policy.description, ...(policy.secret ? { secret: true } : {}) }];
    }),
  );
  return {
    description: kind.description,
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
    properties: { ...inputs.properties, ...outputs },
    required,
  };
}

function properties(
  schema: JsonSchema,
  names: TypeNames,
): { properties: Record<string, Spec>; required: readonly string[] } {
  for (const [name, definition] of Object.entries(schema.$defs ?? {})) {
    names.add(name, definition, names.named(name));
  }
  const entries = Object.entries(schema.properties ?? {}).map(([field, value]): [string, Spec] => {
    const spec: Spec = { ...typeSpec(value, names.below(field)) };
    if (value.description) spec.description = value.description;
    if (value.default !== undefined && typeof value.default !== "object") spec.default = value.default;
    return [field, spec];
  });
  return { properties: Object.fromEntries(entries), required: schema.required ?? [] };
}

function typeSpec(schema: JsonSchema, names: TypeNames): Spec {
  if (schema.$ref) return { $ref: names.reference(referenced(schema.$ref)) };
  if (schema.anyOf) return { oneOf: schema.anyOf.map(each => typeSpec(each, names)) };
  if (schema.type === "array") return { type: "array", items: typeSpec(schema.items ?? {}, names) };
  if (isRecord(schema)) return { $ref: names.add(names.noun, schema, names) };
  if (schema.type === "object") {
    const element = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
    return { type: "object", additionalProperties: typeSpec(element, names) };
  }
  const type = schema.type ?? (schema.const === undefined ? undefined : typeof schema.const);
  return type ? { type } : { $ref: "pulumi.json#/Any" };
}
