import type { z } from "zod";
import { nearest } from "./nearest";
import { describeValue, type FieldPath, formatPath, type Problem } from "./problem";
import { keysAt, noteAt } from "./schema-walk";
import { problemAt, type Source } from "./source";
import { unitAdvice } from "./units";

type Issue = z.core.$ZodIssue;

/** zod's issues as problems that speak to the operator. */
export function problemsOf(issues: readonly Issue[], schema: z.ZodType, source: Source): Problem[] {
  return issues.flatMap(issue => problemsOfIssue(issue, schema, source));
}

function problemsOfIssue(issue: Issue, schema: z.ZodType, source: Source): Problem[] {
  const path = fieldPath(issue.path);
  if (issue.code === "unrecognized_keys") return issue.keys.map(key => unknownKey(key, path, schema, source));
  if (issue.code === "invalid_key") return [invalidKey(issue, path, source)];
  const deeper = issue.code === "invalid_union" ? meantBranch(issue.errors) : undefined;
  if (deeper) {
    const placed = deeper.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] }));
    return problemsOf(placed, schema, source);
  }
  return [wrongValue(issue, path, schema, source)];
}

function unknownKey(key: string, path: FieldPath, schema: z.ZodType, source: Source): Problem {
  const keys = keysAt(schema, path);
  const likely = nearest(key, keys);
  return {
    file: source.file,
    ...source.locateKey(path, key),
    path: formatPath([...path, key]),
    found: `unknown key '${key}'`,
    expected: `one of ${keys.join(", ")}`,
    remedy: likely ? `write ${likely}` : `remove ${key}`,
  };
}

function invalidKey(issue: Extract<Issue, { code: "invalid_key" }>, path: FieldPath, source: Source): Problem {
  const key = String(path.at(-1));
  return {
    file: source.file,
    ...source.locateKey(path.slice(0, -1), key),
    path: formatPath(path),
    found: `key '${key}'`,
    expected: issue.issues[0]?.message ?? "another name",
  };
}

function wrongValue(issue: Issue, path: FieldPath, schema: z.ZodType, source: Source): Problem {
  const value = valueAt(source.value, path);
  const note = noteAt(schema, path);
  const isLiteral = value !== undefined && typeof value !== "object";
  if (isLiteral && (note.secretOnly || holdsPassword(value))) return literalSecret(path, source);
  const expected = note.example && issue.code === "invalid_union" ? note.example : expectedBy(issue);
  const unit = note.unit ? unitAdvice(note.unit, value) : undefined;
  return problemAt(source, path, {
    found: describeValue(value),
    expected: note.unit ? `a number of ${note.unit}${unit ? `; write ${unit}` : ""}` : expected,
    remedy: remedyFor(issue, path, value),
  });
}

function holdsPassword(value: unknown): boolean {
  return typeof value === "string" && /\/\/[^/\s]*@/.test(value);
}

/** The value is a secret that somebody wrote into the file: it is not repeated in the error. */
function literalSecret(path: FieldPath, source: Source): Problem {
  const name = String(path.at(-1));
  return problemAt(source, path, {
    found: "a secret in plain text [secret]",
    expected: `{secret: ${name}}`,
    remedy: `muster config set --secret ${name}, write ${name}: {secret: ${name}}, and change the secret: it has been in a file`,
  });
}

function remedyFor(issue: Issue, path: FieldPath, value: unknown): string | undefined {
  if (value === undefined) return `add ${formatPath(path)}`;
  if (issue.code === "invalid_value" && typeof value === "string") {
    const likely = nearest(value, issue.values.map(String));
    if (likely) return `write ${likely}`;
  }
  return undefined;
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(", ")}`;
    case "too_small":
      return smallest(issue);
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "url" ? "a URL such as https://host/path" : issue.message;
    case "invalid_union":
      return [...new Set(issue.errors.flatMap(branch => branch.map(expectedBy)))].join(" or ");
    default:
      return issue.message;
  }
}

function smallest(issue: Extract<Issue, { code: "too_small" }>): string {
  if (issue.origin === "array") return issue.minimum === 1 ? "at least one entry" : `at least ${issue.minimum} entries`;
  if (issue.origin === "string") return "text that is not empty";
  return issue.inclusive ? `at least ${issue.minimum}` : `more than ${issue.minimum}`;
}

/** The member of a union that the person meant: the one in which the trouble lies deeper than the value itself. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find(branch => branch.length > 0 && branch.every(inner => inner.path.length > 0 || isInside(inner)));
}

function isInside(issue: Issue): boolean {
  return issue.code === "unrecognized_keys" || issue.code === "too_small" || issue.code === "custom";
}

function fieldPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map(part => (typeof part === "symbol" ? String(part) : part));
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (here, part) => (typeof here === "object" && here !== null ? Reflect.get(here, part) : undefined),
    value,
  );
}
