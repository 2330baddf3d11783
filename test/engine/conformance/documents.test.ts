import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cleanup } from "../../support/cleanup";
import { EMBEDDED, type EngineCommand, runNow, stockCommand } from "./engine-command";
import { NO_STOCK } from "./lanes";
import { NormalForm } from "./normal-form";
import { ScenarioProject } from "./project";

/** A bound for some runs on a busy machine, not a measurement. */
const RUNS_MS = 300_000;
const FOLDER = join(__dirname, "documents");
const RECORDED = join(FOLDER, "recorded.json");
const VERBS = [["preview"], ["preview", "--refresh"], ["refresh", "--preview-only"]];

const cleanup = new Cleanup();
afterEach(cleanup.run);

/** What the verbs print with `--json`, after an `up` of the first program and some drift. */
function documentsOf(engine: EngineCommand): unknown {
  const project = new ScenarioProject(FOLDER);
  cleanup.add(() => project.remove());
  project.use("p1.ts");
  runNow([...engine.argv, "stack", "init", "dev", "--non-interactive"], project);
  runNow([...engine.argv, "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive"], project);
  project.change([
    { file: "things/inside-1.json", merge: { value: "drifted" } },
    { file: "things/gone-1.json", delete: true },
  ]);
  project.use("p2.ts");
  const normal = new NormalForm([[project.root, "<project>"]]);
  normal.stepStarts("up");
  return Object.fromEntries(
    VERBS.map(verb => {
      const [program = "", ...argv] = [...engine.argv, ...verb, "--json", "--stack", "dev", "--non-interactive"];
      const text = execFileSync(program, argv, { cwd: project.root, env: project.environment, encoding: "utf8" });
      return [verb.join(" "), sorted(normal.value(JSON.parse(text)) as unknown as Digest)];
    }),
  );
}

interface Digest {
  readonly steps: readonly object[];
  readonly duration: unknown;
}

/** Steps of independent resources come in any order. */
function sorted(digest: Digest): object {
  const steps = digest.steps.map(step => JSON.stringify(step, null, 1)).sort();
  return { ...digest, duration: typeof digest.duration, steps: steps.map(step => JSON.parse(step)) };
}

function expectRecorded(engine: EngineCommand): void {
  expect(documentsOf(engine)).toEqual(JSON.parse(readFileSync(RECORDED, "utf8")));
}

const TITLE = "prints a preview as the one document that was recorded from stock, with a refresh and of a refresh too";
test(`the embedded engine ${TITLE}`, () => expectRecorded(EMBEDDED), RUNS_MS);

const stock = stockCommand();
if (stock === undefined) test.skip(`the stock engine ${TITLE} (${NO_STOCK})`, () => {});
else {
  test(
    `the stock engine ${TITLE}`,
    () => {
      if (process.env.UPDATE_GOLDEN) writeFileSync(RECORDED, `${JSON.stringify(documentsOf(stock), null, 1)}\n`);
      expectRecorded(stock);
    },
    RUNS_MS,
  );
}
