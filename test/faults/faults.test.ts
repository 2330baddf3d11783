import { Stage } from "./stage";
import { faults } from "./table";

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage?.close());

test.each(faults)(
  "$fault: $expected",
  async fault => {
    try {
      await fault.run(stage);
    } catch (error) {
      // The next row begins on hosts that are as wanted, whatever this one left.
      await stage.recover();
      throw error;
    }
  },
  600_000,
);
