import { cpSync } from "node:fs";
import { join } from "node:path";
import { Cleanup } from "../../support/cleanup";
import { EMBEDDED, type EngineCommand, runNow, stockCommand } from "./engine-command";
import { NO_STOCK } from "./lanes";
import { ScenarioProject } from "./project";

/** A bound for some runs on a busy machine, not a measurement. */
const RUNS_MS = 300_000;
const LAYOUT = join(__dirname, "layout");

const cleanup = new Cleanup();
afterEach(cleanup.run);

function projectOf(folder: string): ScenarioProject {
  const project = new ScenarioProject(folder);
  cleanup.add(() => project.remove());
  project.use("p1.ts");
  return project;
}

/** @throws Error with what was shown if there is anything to change */
function expectNothingToDo(engine: EngineCommand, project: ScenarioProject): void {
  runNow([...engine.argv, "preview", "--expect-no-changes", "--stack", "dev", "--non-interactive"], project);
}

function up(engine: EngineCommand, project: ScenarioProject): void {
  runNow([...engine.argv, "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive"], project);
}

test(
  "the embedded engine goes on from a folder that stock has written, with no change shown",
  () => {
    const project = projectOf(LAYOUT);
    for (const part of ["state", "world", "Pulumi.dev.yaml"]) {
      cpSync(join(LAYOUT, part), project.path(part), { recursive: true });
    }
    const before = project.world();
    expectNothingToDo(EMBEDDED, project);
    up(EMBEDDED, project);
    expectNothingToDo(EMBEDDED, project);
    expect(project.world()).toEqual(before);
    expect(project.takeCalls().filter(call => /^(Create|Update|Delete)$/.test(String(call.method)))).toEqual([]);
  },
  RUNS_MS,
);

const stock = stockCommand();
const MOVED = "a stack goes from the embedded engine to stock and back with no change shown";
if (stock === undefined) test.skip(`${MOVED} (${NO_STOCK})`, () => {});
else {
  test(
    MOVED,
    () => {
      const project = projectOf(join(__dirname, "scenarios/01-create-tree"));
      runNow([...EMBEDDED.argv, "stack", "init", "dev", "--non-interactive"], project);
      runNow([...EMBEDDED.argv, "config", "set", "--secret", "pw", "hunter2", "--stack", "dev"], project);
      up(EMBEDDED, project);
      expectNothingToDo(stock, project);
      up(stock, project);
      expectNothingToDo(EMBEDDED, project);
      up(EMBEDDED, project);
      expectNothingToDo(stock, project);
    },
    RUNS_MS,
  );
}
