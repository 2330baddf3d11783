import { readPage, resultsOf, writePage } from "./page";
import { Stage } from "./stage";
import { faults } from "./table";

let stage: Stage;
const results = new Map<string, string>();

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.close();
  if (process.env.UPDATE_GOLDEN) writePage(faults, new Map([...resultsOf(readPage()), ...results]));
});

test.each(faults)(
  "$fault: $expected",
  async fault => {
    const began = performance.now();
    try {
      await fault.run(stage);
      results.set(fault.fault, `as written, ${Math.round((performance.now() - began) / 1000)} s`);
    } catch (error) {
      // The next row begins on hosts that are as wanted, whatever this one left.
      results.set(fault.fault, "not as written");
      await stage.recover();
      throw error;
    }
  },
  600_000,
);
