import { z } from "zod";
import type { FieldPath } from "./problem";
import { type FieldNote, fieldNotes } from "./schema/values";

/** Schemas that may stand at a path: one, or the members of a union. Wrappers such as optional are removed. */
export function schemasAt(schema: z.ZodType, path: FieldPath): z.ZodType[] {
  let here = unwrap(schema);
  for (const part of path) here = here.flatMap(candidate => step(candidate, part)).flatMap(unwrap);
  return here;
}

/** The notes of the field at the path; of a union, its own and not those of its members. */
export function noteAt(schema: z.ZodType, path: FieldPath): FieldNote {
  const [first] = schemasAt(schema, path);
  return (first && fieldNotes.get(first)) ?? {};
}

/** Keys that the map at the path may have. */
export function keysAt(schema: z.ZodType, path: FieldPath): string[] {
  return schemasAt(schema, path).flatMap(candidate =>
    candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : [],
  );
}

function step(schema: z.ZodType, part: string | number): z.ZodType[] {
  if (schema instanceof z.ZodObject) return asTypes(schema.shape[part]);
  if (schema instanceof z.ZodArray) return asTypes(schema.element);
  if (schema instanceof z.ZodRecord) return asTypes(schema.valueType);
  return [];
}

function unwrap(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return asTypes(schema.unwrap()).flatMap(unwrap);
  }
  if (schema instanceof z.ZodPipe) return asTypes(schema.in).flatMap(unwrap);
  // A union may carry notes itself, so it stays beside its members.
  if (schema instanceof z.ZodUnion)
    return [schema, ...schema.options.flatMap(option => asTypes(option)).flatMap(unwrap)];
  return [schema];
}

/** zod's core types are wider than its classes; every schema of ours is made of classes. */
function asTypes(schema: unknown): z.ZodType[] {
  return schema instanceof z.ZodType ? [schema] : [];
}
