import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import type { Cluster } from "../../config/schema";
import { randomClusterFile } from "../support/random-cluster";
import { renderAll } from "../support/rendered";
import { commandLines } from "../support/shell-lines";
import { type Line, type ParserVersion, parserVersions } from "./argument-parser";

/** Lines for the parser of one version. */
export interface Rendered {
  /** Where they come from. */
  readonly name: string;
  readonly version: ParserVersion;
  readonly lines: readonly Line[];
}

export function lineOfArgv([tool = "", subcommand = "", ...argv]: readonly string[]): Line {
  return { command: `${tool} ${subcommand}`, argv };
}

const golden = path.join(__dirname, "..", "golden");

/** The golden files that hold command lines of ms-swift or vLLM; their folder or their name tells the version, else it is 3.7.1. */
export function goldenLines(): Rendered[] {
  return fs
    .readdirSync(golden, { recursive: true, encoding: "utf8" })
    .filter(file => /\.(sh|txt)$/.test(file))
    .sort()
    .flatMap(file => {
      const lines = commandLines(fs.readFileSync(path.join(golden, file), "utf8")).map(lineOfArgv);
      const version = parserVersions.find(each => file.includes(each)) ?? "3.7.1";
      return lines.length === 0 ? [] : [{ name: file, version, lines }];
    });
}

function accepted(settings: unknown): Cluster | undefined {
  try {
    return loadCluster("cluster.yaml", { readFile: () => JSON.stringify(settings) });
  } catch (error) {
    if (error instanceof ConfigErrors) return undefined;
    throw error;
  }
}

/** What so many random cluster files that are not refused make of themselves; those that run nothing are passed over. */
export function randomLines(count: number, seed: number): Rendered[] {
  const found: Rendered[] = [];
  for (let round = 0; found.length < count && round < 20; round++) {
    for (const settings of fc.sample(randomClusterFile(), { numRuns: 500, seed: seed + round })) {
      const cluster = accepted(settings);
      const version = parserVersions.find(each => each === cluster?.image.swift);
      if (!cluster || !version) continue;
      const lines = renderAll(cluster)
        .commands.map(command => lineOfArgv(command.argv))
        .filter(({ command }) => /^(megatron|swift) /.test(command));
      // Ranks differ in their environment alone.
      const distinct = [...new Map(lines.map(line => [JSON.stringify(line), line])).values()];
      if (distinct.length > 0) found.push({ name: JSON.stringify(settings), version, lines: distinct });
    }
  }
  return found.slice(0, count);
}
