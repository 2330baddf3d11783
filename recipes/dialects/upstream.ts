import { readFileSync } from "node:fs";
import * as path from "node:path";
import { compareVersions, isAtLeast } from "../version";

interface SwiftLists {
  readonly agentTemplates: readonly string[];
  readonly lossScales: readonly string[];
  /** Dialect -> `model_type`, or `model_type/folder name` where the models of a type differ. */
  readonly defaultDialects: Readonly<Record<string, readonly string[]>>;
}

export interface ParserLists {
  readonly toolCallParsers: readonly string[];
  readonly reasoningParsers: readonly string[];
}

interface Upstream {
  readonly "ms-swift": Readonly<Record<string, SwiftLists>>;
  readonly vllm: Readonly<Record<string, ParserLists>>;
  readonly sglang: Readonly<Record<string, ParserLists>>;
}

/** Made by scripts/extract-dialects.py from the published packages. Data, read once. A version stands there if it brought a change. */
export const upstream: Upstream = JSON.parse(readFileSync(path.join(__dirname, "upstream.json"), "utf8"));

/** The lists around a version. */
export interface Standing<Lists> {
  readonly lists: Lists;
  /** Of the next version that was read; absent for the newest one. */
  readonly next?: Lists;
}

/** The lists of the newest version that is not above `version`; of the oldest one for what is older still. */
export function listsOf<Lists>(table: Readonly<Record<string, Lists>>, version: string): Standing<Lists> {
  const versions = Object.entries(table).sort(([a], [b]) => compareVersions(a, b));
  const at = Math.max(versions.filter(([name]) => isAtLeast(version, name)).length - 1, 0);
  const [, lists] = versions[at] ?? [];
  if (lists === undefined) throw new Error("an empty list of versions");
  const next = versions[at + 1]?.[1];
  return { lists, ...(next !== undefined && { next }) };
}
