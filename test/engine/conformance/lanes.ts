import { differences, misplaced } from "./compare";
import { EMBEDDED, type EngineCommand, stockCommand } from "./engine-command";
import { runScenario } from "./run-scenario";
import { readRecorded, readScenario, scenarioNames } from "./scenario";

/** A bound for a scenario of many steps on a busy machine, not a measurement. */
const SCENARIO_MS = 600_000;

export const NO_STOCK = "skipped: no stock pulumi on the PATH";

/** A step that fails while siblings are under way: which of them were reached is left open, so its events are not compared (design note 0014). */
const OPEN_EVENTS: Readonly<Record<string, number>> = { "18-target": 4 };

function titleOf(name: string): string {
  const step = OPEN_EVENTS[name];
  return step === undefined ? name : `${name} (but for the events of step ${step}: siblings of what fails)`;
}

/** Declares every other scenario as a test of the embedded engine, and of the stock one where it is there. */
export function declareLane(lane: 1 | 2): void {
  const names = scenarioNames()
    .filter((_, index) => index % 2 === lane - 1)
    .map(name => [titleOf(name), name] as const);
  test.each(names)(
    "%s: the embedded engine does as was recorded",
    (_, name) => asRecorded(name, EMBEDDED),
    SCENARIO_MS,
  );
  const stock = stockCommand();
  if (stock === undefined) test.skip.each(names)(`%s: the stock engine does as was recorded (${NO_STOCK})`, () => {});
  else test.each(names)("%s: the stock engine does as was recorded", (_, name) => asRecorded(name, stock), SCENARIO_MS);
}

/** Runs a scenario and compares every step with its recording. */
async function asRecorded(name: string, engine: EngineCommand): Promise<void> {
  const scenario = readScenario(name);
  const recorded = readRecorded(scenario);
  const records = await runScenario(scenario, engine);
  const found = records.flatMap((record, index) => {
    const want = recorded[index];
    if (want === undefined) throw new Error(`${name}: step ${index + 1} was not recorded`);
    const unlike = [...differences(record, want, want.ordered ?? []), ...misplaced(record)];
    const isOpen = (line: string): boolean => OPEN_EVENTS[name] === index + 1 && line.startsWith("events ");
    return unlike.filter(line => !isOpen(line)).map(line => `step ${index + 1} ${line}`);
  });
  expect(found).toEqual([]);
}
