import { execFileSync, spawnSync } from "node:child_process";
import * as path from "node:path";
import { NOT_DONE, type SetupStep } from "../../recipes/environment/setup-step";

/** Makes small wheels (test/support/wheels.py): `name==version,dependency`. */
export function makeWheels(folder: string, ...wheels: string[]): void {
  execFileSync("python3", [path.join(__dirname, "wheels.py"), folder, ...wheels]);
}

export interface StepRun {
  readonly name: string;
  /** "done" before it was tried, "made", or why it failed. */
  readonly outcome: string;
}

/**
 * Runs steps as the provider does, here instead of on a host: looks, works, proves. `place` turns paths of a host into the test's own.
 * Stops at the first failure.
 */
export function runSteps(
  steps: readonly SetupStep[],
  env: NodeJS.ProcessEnv,
  place = (text: string) => text,
): StepRun[] {
  const runs: StepRun[] = [];
  for (const step of steps) {
    const outcome = runStep(step, env, place);
    runs.push({ name: step.name, outcome });
    if (outcome !== "done" && outcome !== "made") break;
  }
  return runs;
}

function runStep(step: SetupStep, env: NodeJS.ProcessEnv, place: (text: string) => string): string {
  const sh = (text: string) => {
    const done = spawnSync("sh", ["-c", place(text)], { encoding: "utf8", env });
    return { status: done.status, said: `${done.stdout}${done.stderr}`.trim() };
  };
  const before = sh(step.check);
  if (before.status === 0) return "done";
  if (before.status !== NOT_DONE) return `check: exit ${before.status}: ${before.said}`;
  const applied = sh(step.apply);
  if (applied.status !== 0) return `exit ${applied.status}: ${applied.said}`;
  const after = sh(step.check);
  return after.status === 0 ? "made" : `after: ${after.said}`;
}

/** What each step of a check says that is not done, without doing anything. */
export function unmet(steps: readonly SetupStep[], env: NodeJS.ProcessEnv, place = (text: string) => text): string[] {
  return steps.flatMap(step => {
    const done = spawnSync("sh", ["-c", place(step.check)], { encoding: "utf8", env });
    return done.status === 0 ? [] : [`${step.name}: ${done.stdout.trim()}${done.stderr.trim()}`];
  });
}

/** Findings of shellcheck in the shell of each step; empty: none. */
export function shellcheck(steps: readonly SetupStep[]): string[] {
  return steps.flatMap(step =>
    [step.check, step.apply].flatMap(input => {
      const done = spawnSync("shellcheck", ["--shell=sh", "--exclude=SC2016", "-f", "gcc", "-"], {
        input,
        encoding: "utf8",
      });
      return done.stdout.trim() === "" ? [] : [`${step.name}: ${done.stdout}`];
    }),
  );
}
