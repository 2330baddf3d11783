import { readFileSync } from "node:fs";
import * as path from "node:path";

export interface ArgumentShape {
  readonly type: "int" | "float" | "bool" | "text" | "list" | "json";
  readonly choices?: readonly string[];
}

interface ArgumentFile {
  readonly version: string;
  readonly commands: Readonly<Record<string, readonly string[]>>;
  readonly classes: Readonly<Record<string, Readonly<Record<string, ArgumentShape>>>>;
}

/** The list beside this file, made by scripts/extract-arguments.py from the published wheel. Data, read once. */
const list371: ArgumentFile = JSON.parse(readFileSync(path.join(__dirname, "arguments-3.7.1.json"), "utf8"));

/** Arguments of a command of ms-swift 3.7.1 by name; undefined if the list has no such command. */
export function argumentsOf(command: string): ReadonlyMap<string, ArgumentShape> | undefined {
  const classes = list371.commands[command];
  if (!classes) return undefined;
  // The classes stand nearest first, and the nearest wins.
  const rows = [...classes].reverse().flatMap(name => Object.entries(list371.classes[name] ?? {}));
  const all = new Map(rows);
  // The parser of transformers adds --no_x for every boolean x.
  for (const [name, shape] of rows) if (shape.type === "bool" && !all.has(`no_${name}`)) all.set(`no_${name}`, shape);
  return all;
}

export const argumentListVersion = list371.version;
