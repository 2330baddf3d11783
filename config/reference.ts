import { clusterFileJsonSchema } from "./json-schema";

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly text: string;
}

/** docs/reference/cluster-file.md: every field with its type, default and meaning. Generated, never edited. */
export function renderReference(): string {
  const whole = asMap(clusterFileJsonSchema());
  const schema = asMap(inlined(whole, asMap(whole.$defs), []));
  const parts = Object.entries(asMap(schema.properties));
  const simple = parts.filter(([, part]) => childrenOf(asMap(part)) === undefined);
  const sections = parts.filter(([, part]) => childrenOf(asMap(part)) !== undefined);
  return [
    "# The cluster file",
    "",
    "Generated from config/schema.ts. One file per environment, in stacks/. Unknown keys are errors.",
    "",
    ...table(simple.flatMap(([name, part]) => rows(name, asMap(part), requiredOf(schema).includes(name)))),
    ...sections.flatMap(([name, part]) => [
      `## ${name}`,
      "",
      ...described(asMap(part)),
      ...table(fieldsBelow(name, asMap(part))),
    ]),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function table(all: readonly Row[]): string[] {
  if (all.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["field", "type", "default", "meaning"]),
    line(["---", "---", "---", "---"]),
    ...all.map(row =>
      line([`\`${row.path}\``, row.type, row.fallback, row.text].map(cell => cell.replaceAll("|", "\\|"))),
    ),
    "",
  ];
}

function described(part: Record<string, unknown>): string[] {
  return typeof part.description === "string" ? [part.description, ""] : [];
}

function fieldsBelow(path: string, part: Record<string, unknown>): Row[] {
  const inner = childrenOf(part);
  if (!inner) return [];
  const prefix = part.type === "array" ? `${path}[]` : path;
  return Object.entries(asMap(inner.properties)).flatMap(([name, child]) =>
    rows(`${prefix}.${name}`, asMap(child), requiredOf(inner).includes(name)),
  );
}

function rows(path: string, part: Record<string, unknown>, isRequired: boolean): Row[] {
  const fallback = isRequired ? "required" : defaultText(part.default);
  const text = typeof part.description === "string" ? part.description : "";
  return [{ path, type: typeOf(part), fallback, text }, ...fieldsBelow(path, part)];
}

/** The schema with its definitions where they are referred to; one that stands in itself is a map without fields there. */
function inlined(part: unknown, definitions: Record<string, unknown>, open: readonly string[]): unknown {
  if (Array.isArray(part)) return part.map(each => inlined(each, definitions, open));
  if (typeof part !== "object" || part === null) return part;
  const { $ref: reference, ...own } = asMap(part);
  const entries = Object.entries(own).map(([key, value]) => [key, inlined(value, definitions, open)]);
  if (typeof reference !== "string") return Object.fromEntries(entries);
  const name = reference.split("/").at(-1) ?? "";
  if (open.includes(name)) return { type: "object", description: "The same again." };
  return { ...asMap(inlined(definitions[name], definitions, [...open, name])), ...Object.fromEntries(entries) };
}

/** The map of fields below: of the part itself, of a choice that is one, or of the entries of a list. */
function childrenOf(part: Record<string, unknown>): Record<string, unknown> | undefined {
  if (isSecret(part)) return undefined;
  if (part.properties !== undefined) return part;
  if (Array.isArray(part.anyOf)) return part.anyOf.map(asMap).find(choice => choice.properties && !isSecret(choice));
  const items = asMap(part.items);
  return items.properties === undefined ? undefined : items;
}

function typeOf(part: Record<string, unknown>): string {
  if (Array.isArray(part.anyOf)) return part.anyOf.map(option => typeOf(asMap(option))).join(" or ");
  if (Array.isArray(part.enum)) return part.enum.map(value => `\`${String(value)}\``).join(", ");
  if (part.const !== undefined) return `\`${String(part.const)}\``;
  if (part.type === "array") return `list of ${typeOf(asMap(part.items))}`;
  if (isSecret(part)) return "`{secret: name}`";
  const names: Readonly<Record<string, string>> = { string: "text", object: "map", integer: "whole number" };
  return names[String(part.type)] ?? String(part.type ?? "any");
}

function isSecret(part: Record<string, unknown>): boolean {
  return part.type === "object" && asMap(part.properties).secret !== undefined;
}

function defaultText(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text === "{}" || text === "[]" ? "" : `\`${text}\``;
}

function requiredOf(part: Record<string, unknown>): readonly unknown[] {
  return Array.isArray(part.required) ? part.required : [];
}

function asMap(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
