import { differences, misplaced } from "./compare";
import { EMBEDDED, type EngineCommand, stockCommand } from "./engine-command";
import { runScenario } from "./run-scenario";
import { readRecorded, readScenario, scenarioNames } from "./scenario";

/** A bound for a scenario of many steps on a busy machine, not a measurement. */
const SCENARIO_MS = 600_000;

export const NO_STOCK = "skipped: no stock pulumi on the PATH";

/** What is left to chance where something fails while siblings are under way: which of them were reached (design note 0014). */
interface Open {
  readonly why: string;
  /** Whether a line of differences is about that. */
  readonly has: (step: number, line: string) => boolean;
}

const OPEN: Readonly<Record<string, Open>> = {
  "18-target": {
    why: "but for the events of step 4: siblings of what fails",
    has: (step, line) => step === 4 && line.startsWith("events "),
  },
};
const OPEN_IN_STOCK: Readonly<Record<string, Open>> = {
  ...OPEN,
  "14-failure-midway": {
    why: "but for steps 2 and 3, and when d was made: b, which fails, and d race",
    has: (step, line) => step === 2 || step === 3 || (line.startsWith("state ") && line.includes('::d"')),
  },
};

function openIn({ name: engine }: EngineCommand, scenario: string): Open | undefined {
  return (engine === "stock" ? OPEN_IN_STOCK : OPEN)[scenario];
}

/** Declares every other scenario as a test of the embedded engine, and of the stock one where it is there. */
export function declareLane(lane: 1 | 2): void {
  const names = scenarioNames().filter((_, index) => index % 2 === lane - 1);
  const declare = (engine: EngineCommand): void => {
    for (const name of names) {
      const open = openIn(engine, name);
      const title = open === undefined ? name : `${name} (${open.why})`;
      test(`${title}: the ${engine.name} engine does as was recorded`, () => asRecorded(name, engine), SCENARIO_MS);
    }
  };
  declare(EMBEDDED);
  const stock = stockCommand();
  if (stock !== undefined) declare(stock);
  else test.skip.each(names)(`%s: the stock engine does as was recorded (${NO_STOCK})`, () => {});
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
    const open = openIn(engine, name);
    return unlike.filter(line => !open?.has(index + 1, line)).map(line => `step ${index + 1} ${line}`);
  });
  expect(found).toEqual([]);
}
