import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventJsonSchema } from "../../engine/event-schema";
import type { EngineEvent } from "../../engine/events";
import type { RunKind, RunOptions } from "../../engine/run";
import { faultsOf, type JsonSchema } from "../support/json-schema";
import { project, provider } from "../support/project-of-each-test";

const schema = JSON.parse(
  readFileSync(join(__dirname, "../../docs/reference/events.schema.json"), "utf8"),
) as JsonSchema;

/** A whole lifecycle is one test. */
jest.setTimeout(240_000);

test("the published schema is the one in the code", () => {
  expect(schema).toEqual(JSON.parse(JSON.stringify(eventJsonSchema())));
});

test("every event of a lifecycle is valid: all kinds of runs, steps, failures and messages", async () => {
  const seen = new Set<string>();
  const all: EngineEvent[] = [];
  const run = async (kind: RunKind, options: Partial<RunOptions> = {}): Promise<void> => {
    await project.run(kind, options);
    for (const event of project.events) {
      all.push(event);
      // As it is printed: what is undefined is not there.
      expect(faultsOf(JSON.parse(JSON.stringify(event)), schema)).toEqual([]);
      const step = event.resourcePreEvent ?? event.resOutputsEvent ?? event.resOpFailedEvent;
      seen.add(step ? `${Object.keys(event).at(-1)} ${step.metadata.op}` : (Object.keys(event).at(-1) ?? ""));
    }
  };
  const secret = { inputs: { value: "hunter2" }, secret: true };
  project.want({ a: { inputs: { value: 1 } }, b: { inputs: { value: [1, { x: null }] }, from: ["a"] }, secret });
  await run("preview");
  await run("up");
  project.want({ a: { inputs: { value: 2, kind: "new" } }, b: { inputs: { value: 2 }, from: ["a"] } });
  await run("up");
  provider.things.set("a-4", { value: 77, kind: "new", made: 4 });
  await run("refresh");
  provider.things.delete("b-2");
  await run("up", { refreshFirst: true });
  provider.halfMade.set("half", "node-2 is out of reach");
  provider.during = (_method, name) => {
    if (name === "bad") throw new Error("no room");
  };
  project.want({ half: { inputs: { value: 1 } }, bad: { inputs: { value: 2 } } });
  await run("up", { continueOnError: true });
  project.want({}, "the program throws");
  await run("preview");
  await run("destroy", { previewOnly: true });
  await run("destroy");
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([
      "cancelEvent",
      "diagnosticEvent",
      "preludeEvent",
      "resOpFailedEvent create",
      "resOutputsEvent delete-replaced",
      "resOutputsEvent update",
      "resourcePreEvent create",
      "resourcePreEvent create-replacement",
      "resourcePreEvent delete",
      "resourcePreEvent refresh",
      "resourcePreEvent replace",
      "resourcePreEvent same",
      "resourcePreEvent update",
      "summaryEvent",
    ]),
  );
  expect(JSON.stringify(all)).not.toContain("hunter2");
});

test("the schema refuses what is not promised", () => {
  const event = { sequence: 1, timestamp: 1, cancelEvent: {} };
  expect(faultsOf(event, schema)).toEqual([]);
  for (const bad of [
    { ...event, sequence: -1 },
    { ...event, more: 1 },
    { ...event, cancelEvent: { why: "" } },
    { ...event, summaryEvent: {} },
    { sequence: 1, timestamp: 1 },
    { sequence: 1, timestamp: 1, diagnosticEvent: { severity: "loud", message: "" } },
    { sequence: 1, timestamp: 1, resourcePreEvent: { metadata: { op: "make", urn: "", type: "", provider: "" } } },
  ]) {
    expect(faultsOf(bad, schema)).not.toEqual([]);
  }
});
