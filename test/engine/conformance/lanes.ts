import { differences, misplaced } from "./compare";
import type { EngineCommand } from "./engine-command";
import { runScenario } from "./run-scenario";
import { readRecorded, readScenario, scenarioNames } from "./scenario";

/** The scenarios of one of two lanes: every other one. */
export function scenariosOfLane(lane: 1 | 2): string[] {
  return scenarioNames().filter((_, index) => index % 2 === lane - 1);
}

/** Runs a scenario and compares every step with its recording. */
export async function expectAsRecorded(name: string, engine: EngineCommand): Promise<void> {
  const scenario = readScenario(name);
  const recorded = readRecorded(scenario);
  const records = await runScenario(scenario, engine);
  const found = records.flatMap((record, index) => {
    const want = recorded[index];
    if (want === undefined) throw new Error(`${name}: step ${index + 1} was not recorded`);
    const unlike = [...differences(record, want, want.ordered ?? []), ...misplaced(record)];
    return unlike.map(line => `step ${index + 1} ${line}`);
  });
  expect(found).toEqual([]);
}
