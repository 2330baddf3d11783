import { z } from "zod";

/** The part of JSON Schema that zod writes for the inputs of kinds. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** What a program may write: fields with a default are optional. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

/** Name of the definition that `$ref` points to. */
export function referenced(reference: string): string {
  return reference.split("/").at(-1) ?? reference;
}

/** True for an object with named fields. */
export function isRecord(schema: JsonSchema): boolean {
  return schema.type === "object" && schema.properties !== undefined;
}
