import { type DiffLine, hunks, lineDiff } from "./line-diff";
import type { PropertyDiff } from "./property-diff";
import { printable, type Style } from "./style";
import { isRecord, isSecret, isUnknown, valueText } from "./value-text";

export interface PropertyTextOptions {
  readonly style: Style;
  /** Nothing is cut. */
  readonly whole?: boolean;
  /** Between the old and the new value: `->` for a plan, `-> found` for drift. */
  readonly arrow?: string;
}

/** Most lines that one property's diff takes in a plan. */
const maxLines = 24;

/** `image: "a" -> "b"`; texts of several lines and lists of plain values become a line diff under the path. */
export function propertyLines(change: PropertyDiff, options: PropertyTextOptions): string[] {
  const { style, whole } = options;
  const before = linesOf(change.before);
  const after = linesOf(change.after);
  const path = style.strong(change.path);
  if (before && after && (before.length > 1 || after.length > 1)) {
    const lines = hunks(lineDiff(before, after), whole ? 3 : 1).map(line => diffLine(line, style));
    return [`${path}:`, ...cut(lines, whole).map(line => `  ${line}`)];
  }
  const old = style.bad(valueText(change.before, whole));
  const fresh = style.good(valueText(change.after, whole));
  const arrow = options.arrow ?? "->";
  if (isSecret(change.before) && isSecret(change.after)) return [`${path}: [secret] ${arrow} another [secret]`];
  if (change.observed) return [`${path}: found ${old}, differs from what is declared`];
  if (change.before === undefined && change.after === undefined) return [`${path}: changes`];
  if (change.before === undefined) return [`${path}: added ${fresh}`];
  if (change.after === undefined) return [`${path}: removed, was ${old}`];
  return [`${path}: ${old} ${arrow} ${fresh}`];
}

/** The inputs of a resource that will be made. */
export function inputLines(inputs: Record<string, unknown>, options: PropertyTextOptions): string[] {
  return Object.keys(inputs)
    .filter(key => !key.startsWith("__"))
    .sort()
    .flatMap(key => {
      const value = inputs[key];
      const lines = typeof value === "string" ? linesOf(value) : undefined;
      const path = options.style.strong(key);
      if (!lines || lines.length < 2) return [`${path}: ${valueText(value, options.whole)}`];
      return [`${path}:`, ...cut(lines, options.whole).map(line => `  ${line}`)];
    });
}

function linesOf(value: unknown): string[] | undefined {
  if (isSecret(value) || isUnknown(value)) return undefined;
  if (typeof value === "string") return printable(value).replace(/\n$/, "").split("\n");
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.some(member => isRecord(member) || Array.isArray(member))
    ? undefined
    : value.map(member => valueText(member));
}

function diffLine(line: DiffLine, style: Style): string {
  if (line.mark === "-") return style.bad(`- ${line.text}`);
  if (line.mark === "+") return style.good(`+ ${line.text}`);
  return `  ${line.text}`;
}

function cut(lines: readonly string[], whole = false): string[] {
  if (whole || lines.length <= maxLines) return [...lines];
  return [...lines.slice(0, maxLines - 1), `… ${lines.length - maxLines + 1} more lines`];
}
