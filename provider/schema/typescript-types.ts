import { isRecord, type JsonSchema, referenced } from "./json-schema";

/** A type as a program writes it (every part may be an output of another resource), or as a program reads it. */
export type Side = "input" | "output";

/** The TypeScript type of a value, without the outer `pulumi.Input<>`. */
export function typeOf(schema: JsonSchema, side: Side, indent: string): string {
  if (schema.$ref) return side === "input" ? `${referenced(schema.$ref)}Args` : referenced(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(each => typeOf(each, side, indent)).join(" | ");
  if (schema.type === "array") return arrayOf(wrap(typeOf(schema.items ?? {}, side, indent), side));
  if (isRecord(schema)) return `{\n${fieldsOf(schema, side, `${indent}  `)}${indent}}`;
  if (schema.type === "object") {
    const element = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
    return `{ [key: string]: ${wrap(typeOf(element, side, indent), side)} }`;
  }
  return PLAIN[schema.type ?? ""] ?? "unknown";
}

const PLAIN: Readonly<Record<string, string>> = {
  string: "string",
  boolean: "boolean",
  number: "number",
  integer: "number",
};

/** One line a field, with its description above. */
export function fieldsOf(schema: JsonSchema, side: Side, indent: string): string {
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      const optional = schema.required?.includes(name) ? "" : "?";
      return `${comment(field, indent)}${indent}${name}${optional}: ${wrap(typeOf(field, side, indent), side)};\n`;
    })
    .join("");
}

/** A doc comment, or nothing. */
export function comment(field: { readonly description?: string; readonly default?: unknown }, indent: string): string {
  const byDefault = field.default === undefined ? "" : ` Default ${JSON.stringify(field.default)}.`;
  const text = `${field.description ?? ""}${byDefault}`.trim();
  return text === "" ? "" : `${indent}/** ${text.replaceAll("*/", "* /")} */\n`;
}

function wrap(type: string, side: Side): string {
  return side === "input" ? `pulumi.Input<${type}>` : type;
}

function arrayOf(element: string): string {
  return /^[\w.<>]+$/.test(element) ? `${element}[]` : `(${element})[]`;
}
