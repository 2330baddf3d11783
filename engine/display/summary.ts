import type { OpType } from "../events";
import { hunks, lineDiff } from "./line-diff";
import { resourceName } from "./names";
import { compare, driftOf } from "./property-diff";
import { propertyLines } from "./property-text";
import type { RunModel } from "./run-model";
import { printable, type Style } from "./style";
import { valueText } from "./value-text";

export function elapsedText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = `${String(whole % 60).padStart(2, "0")}s`;
  return hours > 0 ? `${hours}h ${String(minutes).padStart(2, "0")}m ${rest}` : `${minutes}m ${rest}`;
}

/** From this many others that drifted in the same way, one is shown for all. */
const foldDrifts = 4;
const driftsNamed = 8;

/** `drift: node-1-container: running true -> found false`, longer ones under the resource's name. */
export function driftLines(model: RunModel, style: Style): string[] {
  const alike = new Map<string, { name: string; lines: readonly string[]; others: string[] }>();
  for (const metadata of model.drifts) {
    const { name } = resourceName(metadata.urn);
    const lines = metadata.new
      ? driftOf(metadata).flatMap(change => propertyLines(change, { style, arrow: "-> found" }))
      : ["gone from the host"];
    const known = alike.get(lines.join("\n"));
    if (known) known.others.push(name);
    else alike.set(lines.join("\n"), { name, lines, others: [] });
  }
  return [...alike.values()].flatMap(({ name, lines, others }) => {
    const [first = "", ...more] = lines;
    const told = (of: string): string[] => {
      const title = `${style.change("drift:")} ${of}:`;
      return more.length === 0 ? [`${title} ${first}`] : [title, ...lines.map(line => `    ${line}`)];
    };
    if (others.length < foldDrifts) return [name, ...others].flatMap(told);
    const listed = others.slice(0, driftsNamed).join(", ") + (others.length > driftsNamed ? ", …" : "");
    return [...told(name), `    ${style.faint(`… and ${others.length} more that drifted alike: ${listed}`)}`];
  });
}

/** Outputs of the stack: those that change with their old value. A destroyed stack has none; a failed preview foretells none. */
export function outputLines(model: RunModel, style: Style): string[] {
  const { outputs, summary } = model;
  if (!outputs || (summary?.isPreview && summary.result === "failed")) return [];
  const keys = [...new Set([...Object.keys(outputs.before), ...Object.keys(outputs.after)])].sort();
  if (keys.length === 0) return [];
  const width = Math.min(28, Math.max(...keys.map(key => key.length)));
  const line = (key: string): string => {
    const before = outputs.before[key];
    const after = outputs.after[key];
    const label = key.padEnd(width);
    const table = tableLines(before, after, style);
    if (table) return [`${table.mark} ${key}`, ...table.lines].join("\n      ");
    if (!(key in outputs.after)) return style.bad(`- ${label}  ${valueText(before)}`);
    if (!(key in outputs.before)) return style.good(`+ ${label}  ${valueText(after, true)}`);
    if (compare(before, after).length === 0) return `  ${label}  ${valueText(after, true)}`;
    return style.change(`~ ${label}  ${valueText(before)} -> ${valueText(after)}`);
  };
  return [style.strong("outputs"), ...keys.flatMap(key => `  ${line(key)}`.split("\n"))];
}

/** Most lines of a table that did not change. */
const maxLines = 24;

/** A list of texts is a table for people: a line each, and where it changes what was removed and added. */
function tableLines(before: unknown, after: unknown, style: Style): { mark: string; lines: string[] } | undefined {
  if (!isTable(after) || (before !== undefined && !isTable(before))) return undefined;
  const lines = lineDiff((before ?? []).map(printable), after.map(printable));
  if (lines.every(each => each.mark === " ")) {
    const shown = lines.length > maxLines ? lines.slice(0, maxLines - 1) : lines;
    const more = lines.length - shown.length;
    return { mark: " ", lines: [...shown.map(each => each.text), ...(more > 0 ? [`… ${more} more lines`] : [])] };
  }
  return {
    mark: before === undefined ? style.good("+") : style.change("~"),
    lines: hunks(lines).map(({ mark, text }) => {
      if (mark === " ") return `  ${text}`;
      return mark === "+" ? style.good(`+ ${text}`) : style.bad(`- ${text}`);
    }),
  };
}

function isTable(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every(each => typeof each === "string" && each.includes(" "))
  );
}

const counted: readonly (readonly [OpType, string, string, string, keyof Style])[] = [
  ["create", "+", "create", "created", "good"],
  ["import", "=", "import", "imported", "good"],
  ["update", "~", "update", "updated", "change"],
  ["replace", "+-", "replace", "replaced", "replace"],
  ["delete", "-", "delete", "deleted", "bad"],
  ["discard", "x", "forget", "forgotten", "bad"],
  ["read", "<", "read", "read", "info"],
];

/** `+ 3 to create  ~ 1 to update  12 unchanged`, and the time. */
export function countLine(model: RunModel, elapsedSeconds: number, style: Style): string {
  const changes = model.summary?.resourceChanges ?? {};
  const preview = model.summary?.isPreview === true;
  const parts: string[] = [];
  for (const [op, symbol, infinitive, participle, paint] of counted) {
    const count = changes[op] ?? 0;
    if (count > 0) parts.push(style[paint](`${symbol} ${count} ${preview ? `to ${infinitive}` : participle}`));
  }
  const failed = [...model.resources.values()].filter(resource => resource.failed).length;
  if (failed > 0) parts.push(style.bad(`${failed} failed`));
  const same = changes.same ?? 0;
  if (same > 0) parts.push(`${same} unchanged`);
  if (parts.length === 0) parts.push("no resources");
  return `${parts.join("   ")}   ${style.faint(`in ${elapsedText(elapsedSeconds)}`)}`;
}
