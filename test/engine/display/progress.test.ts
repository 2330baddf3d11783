import { LiveRegion } from "../../../engine/display/live-region";
import { frame } from "../../../engine/display/progress";
import { RunDisplay, type Screen } from "../../../engine/display/run-display";
import { RunModel } from "../../../engine/display/run-model";
import { plainStyle } from "../../../engine/display/style";
import type { EngineEvent } from "../../../engine/events";
import { EventList, urnOf } from "./event-list";

function pipe(): Screen & { text: string } {
  return {
    text: "",
    live: false,
    colours: false,
    write(text: string) {
      this.text += text;
    },
    size: () => ({ columns: 80, rows: 24 }),
  };
}

function play(events: readonly EngineEvent[], preview: boolean): string[] {
  const screen = pipe();
  let seconds = 10;
  const display = new RunDisplay({ screen, title: "up dev", preview, now: () => seconds });
  for (const event of events) {
    seconds += 0.6;
    display.handle(event);
  }
  display.finish();
  return screen.text.split("\n");
}

const run = new EventList()
  .begin("same", "stack")
  .step("same", "stack/Cluster:c")
  .begin("create", "stack/Container:node-1")
  .begin("update", "stack/File:hosts")
  .diagnostic({ urn: urnOf("stack/Container:node-1"), message: "pulling 45%\n", severity: "info", ephemeral: true })
  .end("update", "stack/File:hosts")
  .diagnostic({ urn: urnOf("stack/Container:node-1"), message: "two\nlines\n", severity: "warning" })
  .fail("create", "stack/Container:node-1", "no disk")
  .end("same", "stack")
  .summary({ update: 1, same: 2 }, "failed").events;

test("in a pipe there is one line for each finished step, and the report at the end", () => {
  expect(play(run, false)).toEqual([
    "up dev",
    "   4.2s  updated   hosts  File  (1.2s)",
    "   4.8s  warning   node-1: two",
    "                   lines",
    "   5.4s  error     node-1: no disk",
    "   6.0s  failed creating  node-1  Container  (3.6s)",
    "",
    "errors (1)",
    "  node-1  Container",
    "    no disk",
    "warnings (1)",
    "  node-1  Container",
    "    two",
    "    lines",
    "",
    "~ 1 updated   1 failed   2 unchanged   in 7.2s",
    "",
    "",
  ]);
});

test("a preview has no lines of steps", () => {
  const events = new EventList(true)
    .begin("same", "stack")
    .step("create", "stack/File:a")
    .summary({ create: 1 }).events;
  expect(play(events, true)).toEqual([
    "up dev",
    "     demo-dev  Stack",
    "  +    a  File",
    "",
    "+ 1 to create   in 2.4s",
    "",
    "",
  ]);
});

test("the live region shows what runs, the provider's status, and no line wider than the terminal", () => {
  const model = new RunModel(0);
  for (const event of run.slice(0, 6)) model.apply(event, 1);
  expect(frame(model, "up dev", 4.5, { columns: 80, rows: 24 }, plainStyle)).toEqual([
    "  creating   node-1  3.5s  pulling 45%",
    "  updating   hosts  3.5s",
    "up dev  1 done, 2 running, 4.5s",
  ]);
  for (const line of frame(model, "up dev", 4.5, { columns: 20, rows: 24 }, plainStyle))
    expect(line.length).toBeLessThan(20);
  expect(frame(model, "up dev", 4.5, { columns: 80, rows: 4 }, plainStyle)[1]).toBe("  … and 1 more");
});

test("the region is drawn again over itself, below what stays", () => {
  const written: string[] = [];
  const region = new LiveRegion({ write: text => written.push(text) });
  region.draw([], ["a", "b"]);
  region.draw(["done"], ["c"]);
  region.clear();
  expect(written).toEqual(["a\nb\n", "\u001b[2A\r\u001b[Jdone\nc\n", "\u001b[1A\r\u001b[J"]);
});
