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
  const missing: string[] = [];
  for (const [key, field] of Object.entries(shape)) {
    if (unknown.has(key)) continue;
    const result = z.safeParse(field, known[key]);
    if (result.success) {
      if (result.data !== undefined) inputs[key] = result.data;
      continue;
    }
    for (const issue of result.error.issues) {
      if (at(known[key], issue.path) === undefined) missing.push(pathOf(key, issue));
      else failures.push({ property: pathOf(key, issue), reason: `${issue.message}.` });
    }
  }
  failures.push(...absent(missing));
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

/**
 * Engines that go on after a failure leave out what they do not know because of it, and still ask for a check. So all that is missing
 * is one failure, which says that it may be a consequence.
 */
function absent([first, ...others]: readonly string[]): CheckFailure[] {
  if (first === undefined) return [];
  const more = others.length > 0 ? ` (${others.join(", ")} too)` : "";
  const consequence =
    "If it comes from a resource that failed in this run, only that one needs mending: the next run makes this one";
  return [{ property: first, reason: `is required and missing${more}. ${consequence}.` }];
}

function pathOf(key: string, { path }: z.core.$ZodIssue): string {
  return path.reduce<string>(
    (whole, part) => (typeof part === "number" ? `${whole}[${part}]` : `${whole}.${String(part)}`),
    key,
  );
}

/** The value at a path; undefined where there is none. */
function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value);
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
