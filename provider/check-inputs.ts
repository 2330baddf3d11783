import { z } from "zod";
import type { Bag } from "./bag";
import type { CheckFailure } from "./kind";

export interface CheckedInputs {
  /** The inputs with the schema's defaults; unknown fields are not in it. */
  readonly inputs: Bag;
  readonly failures: CheckFailure[];
}

/**
 * Applies a schema field by field, so that fields which are unknown yet can be left out, and so that all problems are
 * found at once. A field the schema does not know is refused by name.
 */
export function checkInputs(
  schema: z.ZodType,
  known: Bag,
  unknown: ReadonlySet<string>,
  refused?: string,
): CheckedInputs {
  const shape = shapeOf(schema);
  const inputs: Bag = {};
  const failures: CheckFailure[] = [];
  for (const [key, field] of Object.entries(shape)) {
    if (unknown.has(key)) continue;
    const result = z.safeParse(field, known[key]);
    if (!result.success) failures.push(...result.error.issues.map(issue => toFailure(key, issue, known[key])));
    else if (result.data !== undefined) inputs[key] = result.data;
  }
  for (const key of [...Object.keys(known), ...unknown]) {
    if (!Object.hasOwn(shape, key)) failures.push({ property: key, reason: refuse(key, Object.keys(shape), refused) });
  }
  return { inputs, failures };
}

/** The fields of a kind's schema. @throws TypeError unless it is a plain object schema (cross-field rules go to `check`). */
export function shapeOf(schema: z.ZodType): Readonly<Record<string, z.core.$ZodType>> {
  if (schema instanceof z.ZodObject) return schema.shape;
  throw new TypeError("the inputs of a kind must be a plain zod object");
}

function toFailure(key: string, issue: z.core.$ZodIssue, value: unknown): CheckFailure {
  const property = issue.path.reduce<string>(
    (path, part) => (typeof part === "number" ? `${path}[${part}]` : `${path}.${String(part)}`),
    key,
  );
  if (value === undefined && issue.path.length === 0) return { property, reason: "is required and missing." };
  return { property, reason: `${issue.message}.` };
}

function refuse(key: string, names: readonly string[], refused: string | undefined): string {
  const close = nearest(key, names);
  return `there is no such input${close ? `; did you mean "${close}"?` : "."}${refused ? ` ${refused}` : ""}`;
}

/** The name that differs in at most two letters, if there is one. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map(name => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= 2 ? best.name : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
