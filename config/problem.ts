/** Where a value stands in a file: keys and indexes from the top. */
export type FieldPath = readonly (string | number)[];

/** One thing that is wrong in a cluster file, with all that is needed to put it right. */
export interface Problem {
  readonly file: string;
  /** From 1; absent when the file itself is the trouble. */
  readonly line?: number;
  readonly column?: number;
  /** `hosts[1].address`; empty for the whole file. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy?: string;
}

/** All problems of a cluster file at once, in the order of the file. */
export class ConfigErrors extends Error {
  override readonly name = "ConfigErrors";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(formatProblems(problems));
    this.problems = problems;
  }
}

/** Text for the operator: no stack, one block a problem, the count at the end. */
export function formatProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [...problems.map(formatProblem), `${count}; no host was touched`].join("\n");
}

function formatProblem(problem: Problem): string {
  const position = problem.line === undefined ? "" : `:${problem.line}:${problem.column ?? 1}`;
  const where = problem.path === "" ? "" : ` ${problem.path}:`;
  const lines = [`${problem.file}${position}:${where} found ${problem.found}, expected ${problem.expected}`];
  if (problem.remedy) lines.push(`  remedy: ${problem.remedy}`);
  return lines.join("\n");
}

/** A problem that is only warned of, in one line. */
export function warningText(problem: Problem): string {
  return formatProblem(problem).replace("\n  remedy:", ". Remedy:");
}

/** `["hosts", 1, "address"]` as `hosts[1].address`. */
export function formatPath(path: FieldPath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** A value as an error shows it: its type and its text, never the password of a URL. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object")
    return Object.keys(value).length === 0 ? "an empty map" : `a map of ${Object.keys(value).join(", ")}`;
  if (typeof value === "string") return value === "" ? "empty text" : `text '${shorten(redactUrl(value))}'`;
  return `${typeof value === "number" ? "number" : ""} ${String(value)}`.trim();
}

function redactUrl(text: string): string {
  return text.replace(/\/\/[^/\s@]*@/g, "//[secret]@");
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
