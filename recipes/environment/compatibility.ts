import { readFileSync } from "node:fs";
import * as path from "node:path";
import { compareVersions, minorOf, satisfies } from "../version";

/** Parts of an environment whose versions depend on each other. */
export const componentNames = [
  "python",
  "cuda",
  "torch",
  "transformer-engine",
  "apex",
  "megatron-core",
  "megatron-lm",
  "mcore-bridge",
  "flash-attn",
  "transformers",
  "peft",
  "trl",
  "deepspeed",
  "vllm",
  "sglang",
  "numpy",
] as const;
export type ComponentName = (typeof componentNames)[number];
export type Versions = Readonly<Partial<Record<ComponentName, string>>>;

/** What one version of ms-swift takes of a component. */
export interface ComponentRange {
  /** As pip writes it; empty: any. */
  readonly fits: string;
  /** What upstream recommends, the first for Megatron. */
  readonly recommended: readonly string[];
  /** Argument of the training that makes the component optional. */
  readonly without?: string;
}

/** One line of ms-swift: from this version on, until the next row's. */
export interface CompatibilityRow {
  readonly from: string;
  readonly components: Readonly<Partial<Record<ComponentName, ComponentRange>>>;
}

/** What the wheel of a torch on PyPI is made for. */
export interface TorchBuild {
  /** CUDA version of its libraries. */
  readonly cuda: string;
  /** Whether it is built with the C++11 ABI: extensions must be too. */
  readonly cxx11Abi: boolean;
  readonly python: string;
}

interface CompatibilityFile {
  readonly sources: Readonly<Record<string, string>>;
  readonly swift: readonly CompatibilityRow[];
  readonly torch: Readonly<Record<string, TorchBuild>>;
  /** Versions of servers, and what each of them takes of the other components. */
  readonly engines: Readonly<Record<Engine, Readonly<Record<string, Needs>>>>;
  /** By ms-swift's model_type. */
  readonly models: Readonly<Record<string, Needs>>;
}

export type Engine = "vllm" | "sglang";
/** Ranges by component, as pip writes them. */
export type Needs = Readonly<Partial<Record<ComponentName, string>>>;

/** The table beside this file; its `sources` say where each column was read. Data, read once. */
const table: CompatibilityFile = JSON.parse(readFileSync(path.join(__dirname, "compatibility.json"), "utf8"));

/** The row of a version of ms-swift; undefined before the first one. A version newer than the table has the last row's. */
export function compatibilityOf(swift: string): CompatibilityRow | undefined {
  return [...table.swift].reverse().find(row => compareVersions(row.from, swift) <= 0);
}

/** The first version that the table knows. */
export const firstSwift = table.swift[0]?.from ?? "";

/** What a torch was built for; undefined for one that the table does not know. */
export function torchBuild(torch: string): TorchBuild | undefined {
  return table.torch[minorOf(torch)];
}

/** Versions of torch in the table, as `2.7`, oldest first. */
export const knownTorches: readonly string[] = Object.keys(table.torch).sort(compareVersions);

/** What a version of a server takes of the other components; empty for one that the table does not know. */
export function engineNeeds(engine: Engine, version: string): Needs {
  return table.engines[engine][version] ?? {};
}

/** Versions of a server that take this version of a component, oldest first. */
export function enginesFor(engine: Engine, component: ComponentName, version: string): string[] {
  const rows = Object.entries(table.engines[engine]);
  return rows.filter(([, needs]) => satisfies(version, needs[component] ?? "")).map(([name]) => name);
}

/** What a model needs of a component beyond ms-swift's own range. */
export function modelNeeds(modelType: string): Needs {
  return table.models[modelType] ?? {};
}

/** Of versions, those in a range, the nearest to one that was wanted first. */
export function nearestFitting(wanted: string, candidates: readonly string[], fits: string): string[] {
  const inRange = candidates.filter(candidate => satisfies(candidate, fits)).sort(compareVersions);
  const above = inRange.filter(candidate => compareVersions(candidate, wanted) >= 0);
  const below = inRange.filter(candidate => compareVersions(candidate, wanted) < 0).reverse();
  return [...below.slice(0, 1), ...above.slice(0, 1)];
}
