import { EMBEDDED } from "./engine-command";
import { expectAsRecorded, scenariosOfLane } from "./lanes";

test.each(scenariosOfLane(1))(
  "%s: the embedded engine does as stock did",
  name => expectAsRecorded(name, EMBEDDED),
  300_000,
);
