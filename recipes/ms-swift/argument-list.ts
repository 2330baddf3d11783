import { readFileSync } from "node:fs";
import * as path from "node:path";
import { compareVersions } from "../version";

export interface ArgumentShape {
  readonly type: "int" | "float" | "bool" | "text" | "list" | "json";
  /** Type of the words of a list. */
  readonly items?: ArgumentShape["type"];
  readonly choices?: readonly string[];
  /** Only for a boolean that is true when it is not given: its parser also has --no_x, which takes no value. */
  readonly default?: true;
}

interface ClassTable {
  readonly version: string;
  readonly classes: Readonly<Record<string, Readonly<Record<string, ArgumentShape>>>>;
}

interface ArgumentFile extends ClassTable {
  /** Version of transformers whose classes belong to this list. */
  readonly transformers: string;
  /** Classes of each command, nearest first. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
}

/** Versions of ms-swift whose lists are here, made by scripts/extract-arguments.py from the published wheels. */
export const listedVersions = ["3.7.1", "3.12.6", "4.6.0"] as const;

// Data beside this file, read once.
const files: readonly ArgumentFile[] = listedVersions.map(version => read(`arguments-${version}.json`));
const outside: ReadonlyMap<string, ClassTable> = new Map(
  [...new Set(files.map(file => file.transformers))].map(version => [version, read(`transformers-${version}.json`)]),
);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(__dirname, name), "utf8"));
}

export interface ArgumentList {
  readonly version: string;
  /** By name, without the --no_x twins of booleans. */
  readonly arguments: ReadonlyMap<string, ArgumentShape>;
}

/** The lists by which an argument of a version is judged. */
export interface KnownArguments {
  /** The version's own list; else the nearest that is not newer and of the same line; else the nearest of the line. */
  readonly list: ArgumentList;
  /** Of a version between two lists the other one. */
  readonly neighbour?: ArgumentList;
  /** Whether `list` is the version's own. */
  readonly isExact: boolean;
}

/** What is known of the arguments of a command of ms-swift; undefined if no list of the version's line has the command. */
export function knownArguments(command: string, version: string): KnownArguments | undefined {
  const able = files.filter(file => file.commands[command]);
  const exact = able.find(file => file.version === version);
  if (exact) return { list: listOf(exact, command), isExact: true };
  const before = able.filter(file => compareVersions(file.version, version) < 0).at(-1);
  const after = able.find(file => compareVersions(file.version, version) > 0);
  // Names changed between ms-swift 3 and 4: a list of the other line is second to any of the version's own.
  const [first, second] = before && major(before.version) === major(version) ? [before, after] : [after, before];
  if (!first || major(first.version) !== major(version)) return undefined;
  return { list: listOf(first, command), ...(second && { neighbour: listOf(second, command) }), isExact: false };
}

function listOf(file: ArgumentFile, command: string): ArgumentList {
  const classes = [...(file.commands[command] ?? [])].reverse();
  // The classes stand nearest first, and the nearest wins.
  return { version: file.version, arguments: new Map(classes.flatMap(name => fieldsOf(file, name))) };
}

const prefix = "transformers:";

function fieldsOf(file: ArgumentFile, name: string): [string, ArgumentShape][] {
  if (!name.startsWith(prefix)) return Object.entries(file.classes[name] ?? {});
  const table = outside.get(file.transformers)?.classes ?? {};
  const own = name.slice(prefix.length);
  return [
    ...Object.entries(table.TrainingArguments ?? {}),
    ...(own === "TrainingArguments" ? [] : Object.entries(table[own] ?? {})),
  ];
}

function major(version: string): number {
  return Number(version.split(".")[0]);
}
