import { RunModel } from "../../../engine/display/run-model";
import { plainStyle } from "../../../engine/display/style";
import { outputLines } from "../../../engine/display/summary";
import { EventList } from "./event-list";

function shown(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const model = new RunModel(0);
  const { events } = new EventList(true)
    .begin("same", "stack")
    .end("same", "stack", { old: { outputs: before }, new: { outputs: after } })
    .summary({ same: 1 });
  for (const event of events) model.apply(event, 1);
  return outputLines(model, plainStyle);
}

const rows = (...speeds: string[]) => speeds.map((speed, index) => `node-${index + 1}: eth0 ${speed}`);

test("a list of texts is shown a line each", () => {
  expect(shown({}, { network: rows("25 Gb/s", "10 Gb/s"), names: ["a", "b"] })).toEqual([
    "outputs",
    '  + names    ["a", "b"]',
    "  + network",
    "      + node-1: eth0 25 Gb/s",
    "      + node-2: eth0 10 Gb/s",
  ]);
});

test("where it changes the lines around are shown, and all that changed", () => {
  const before = rows("1", "1", "1", "1", "1", "1");
  const after = rows("1", "1", "1", "9", "1", "1");
  expect(shown({ network: before }, { network: after })).toEqual([
    "outputs",
    "  ~ network",
    "        …",
    "        node-3: eth0 1",
    "      - node-4: eth0 1",
    "      + node-4: eth0 9",
    "        node-5: eth0 1",
    "        …",
  ]);
});

test("of one that stays the same the first lines are enough", () => {
  const many = rows(...Array.from({ length: 500 }, () => "1"));
  const lines = shown({ network: many }, { network: many });
  expect(lines).toHaveLength(26);
  expect(lines.slice(0, 3)).toEqual(["outputs", "    network", "      node-1: eth0 1"]);
  expect(lines.at(-1)).toBe("      … 477 more lines");
});
