import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type FuzzCase, fuzzCase } from "./fuzz/case";
import { runCase } from "./fuzz/run-case";

/**
 * Random programs, providers and operations, in the shape of Pulumi's own lifecycle tests (pulumi/pulumi pkg/engine/lifecycletest/fuzzing,
 * 3.260). MUSTER_FUZZ_SEED repeats a run, MUSTER_FUZZ_CASES makes it longer.
 */
const CASES = Number(process.env.MUSTER_FUZZ_CASES ?? 2000);
const SEED = Number(process.env.MUSTER_FUZZ_SEED ?? Date.now() % 2 ** 31);
const FOLDER = join(__dirname, "fuzz-cases");
/** A bound for a busy machine, not a measurement. */
const TIMEOUT_MS = 30 * 60_000;

const found = readdirSync(FOLDER)
  .filter(file => file.endsWith(".json"))
  .sort();

test.each(found)("what once failed: %s", async file => {
  await runCase(JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as FuzzCase);
});

test(
  `${CASES} random lifecycles keep the state valid, lose nothing and converge`,
  async () => {
    process.stderr.write(`lifecycle fuzz: MUSTER_FUZZ_SEED=${SEED}, ${CASES} cases\n`);
    const result = await fc.check(fc.asyncProperty(fuzzCase, runCase), { numRuns: CASES, seed: SEED });
    if (!result.failed) return;
    const path = join(FOLDER, `seed-${SEED}.json`);
    const [failing] = result.counterexample ?? [];
    writeFileSync(path, `${JSON.stringify(failing, null, 2)}\n`);
    const reason = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
    throw new Error(
      `MUSTER_FUZZ_SEED=${SEED}: case ${result.numRuns} fails, made smaller ${result.numShrinks} times: ${reason}\n` +
        `It is in ${path} and is run first from now on; give it the name of the defect.\n${JSON.stringify(failing)}`,
    );
  },
  TIMEOUT_MS,
);
