import { SurveyProgress } from "../../cli/survey-progress";
import { fakeConsole } from "./fake-console";

test("in a pipe a line a host", () => {
  const console = fakeConsole();
  const progress = new SurveyProgress(console);
  progress.begin("asked", 2);
  progress.told("node-2");
  progress.told("node-1");
  progress.end();
  expect(console.stderr()).toBe("asked: node-2 (1 of 2)\nasked: node-1 (2 of 2)\n");
});

test("on a terminal one line that is redrawn, and cleared at the end", () => {
  const console = fakeConsole();
  Object.assign(console.err, { isTTY: true });
  const progress = new SurveyProgress(console);
  progress.begin("asked", 2);
  progress.told("node-2");
  progress.end();
  expect(console.stderr()).toBe("\r\u001b[Kasked: 0 of 2\r\u001b[Kasked: node-2 (1 of 2)\r\u001b[K");
});
