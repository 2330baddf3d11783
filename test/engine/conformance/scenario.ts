import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A call of the provider that the harness waits for. */
export interface CallPattern {
  readonly method: string;
  readonly name: string;
}

export interface ScenarioStep {
  /** Becomes the program before the step. */
  readonly program?: string;
  readonly cmd: readonly string[];
  readonly args?: readonly string[];
  /** Changes of the provider's world before the step. */
  readonly world?: readonly { readonly file: string; readonly merge?: object; readonly delete?: boolean }[];
  /** SIGKILL to the engine and all its children once the call was logged. */
  readonly kill?: CallPattern;
  /** A step that runs while this one is inside of the call. */
  readonly during?: { readonly when: CallPattern; readonly step: ScenarioStep };
  readonly withPreview?: boolean;
  readonly noYes?: boolean;
  readonly parallel?: number;
  /** Sections whose order counts. */
  readonly ordered?: readonly string[];
  readonly expect: number;
}

export interface Scenario {
  readonly name: string;
  readonly folder: string;
  readonly parallel: number;
  readonly steps: readonly ScenarioStep[];
}

/** What a step came to; of the recording also what it was called with, which is not compared. */
export interface StepRecord {
  readonly step?: number;
  readonly exit: number;
  /** None of a command that changes nothing. */
  readonly events?: readonly EventRecord[] | null;
  readonly calls: readonly Record<string, unknown>[];
  readonly state: { readonly deployment?: { readonly resources?: readonly Record<string, unknown>[] } };
  readonly world: unknown;
  readonly config: string | null;
  readonly locks?: readonly string[];
  readonly nested?: StepRecord;
  readonly ordered?: readonly string[];
}

export interface EventRecord {
  /** pre, outputs, failed, diag, summary, prelude, cancelEvent. */
  readonly t: string;
  readonly op?: string;
  readonly urn?: string;
  readonly [key: string]: unknown;
}

const SCENARIOS = join(__dirname, "scenarios");

export function scenarioNames(): string[] {
  return readdirSync(SCENARIOS).sort();
}

export function readScenario(name: string): Scenario {
  const folder = join(SCENARIOS, name);
  const spec = JSON.parse(readFileSync(join(folder, "steps.json"), "utf8"));
  return { name, folder, parallel: spec.parallel ?? 1, steps: spec.steps };
}

export function readRecorded(scenario: Scenario): StepRecord[] {
  return scenario.steps.map((_, index) =>
    JSON.parse(readFileSync(join(scenario.folder, "recorded", `${index + 1}.json`), "utf8")),
  );
}
