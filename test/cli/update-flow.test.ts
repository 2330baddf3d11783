import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderError } from "../../cli/render-error";
import { type PreparedRun, updateFlow } from "../../cli/update-flow";
import type { UpdateFlags } from "../../cli/update-options";
import type { RunKind, RunOptions, RunResult } from "../../engine/run";
import { EventList } from "../engine/display/event-list";
import { fakeConsole } from "./fake-console";

const plan = new EventList(true)
  .begin("create", "stack")
  .step("create", "stack/File:motd")
  .summary({ create: 2 }).events;

interface Play {
  readonly kind?: RunKind;
  readonly flags?: UpdateFlags;
  readonly terminal?: boolean;
  readonly input?: string;
  readonly result?: Partial<RunResult>;
  readonly prepared?: Partial<PreparedRun>;
  readonly env?: Readonly<Record<string, string>>;
}

async function play(parts: Play): Promise<{ code: number | string; runs: string[]; out: string; err: string }> {
  const console = fakeConsole({ terminal: parts.terminal, input: parts.input });
  const runs: string[] = [];
  const run = async (options: RunOptions): Promise<RunResult> => {
    runs.push(options.previewOnly ? `${options.kind} previewOnly` : options.kind);
    for (const event of plan) options.onEvent(event);
    return { result: "succeeded", changes: {}, hasChanges: true, outputs: {}, exitCode: 0, ...parts.result };
  };
  const prepared: PreparedRun = {
    kind: parts.kind ?? "up",
    projectRoot: "/p",
    stack: "prod",
    passphrase: "x",
    plugins: { address: async () => "" },
    parallel: 4,
    ...parts.prepared,
  };
  Object.assign(console.env, parts.env);
  const never = new AbortController().signal;
  const code = await updateFlow(prepared, parts.flags ?? {}, {
    run,
    console,
    screen: {
      live: false,
      colours: false,
      write: text => console.out.write(text),
      size: () => ({ columns: 80, rows: 24 }),
    },
    interactive: parts.terminal === true,
    interrupts: { stop: never, cancel: never },
    now: () => 1,
  }).catch(error => renderError(error, false));
  return { code, runs, out: console.stdout(), err: console.stderr() };
}

test.each<RunKind>(["up", "refresh", "destroy"])(
  "%s without --yes is refused on a pipe before anything runs",
  async kind => {
    const { code, runs } = await play({ kind });
    expect(runs).toEqual([]);
    expect(code).toContain(`error: ${kind} needs a yes, and there is no terminal to ask on`);
    expect(code).toContain(`\n  fix: look at \`muster preview\` first, then run \`muster ${kind} --yes\``);
  },
);

test("preview needs no yes and runs once", async () => {
  expect(await play({ kind: "preview" })).toMatchObject({ code: 0, runs: ["preview"] });
  expect(await play({ kind: "destroy", flags: { previewOnly: true } })).toMatchObject({
    runs: ["destroy previewOnly"],
  });
});

test("--yes previews and runs; --skip-preview only runs", async () => {
  expect((await play({ flags: { yes: true } })).runs).toEqual(["preview", "up"]);
  expect((await play({ kind: "destroy", flags: { yes: true } })).runs).toEqual(["destroy previewOnly", "destroy"]);
  expect((await play({ flags: { yes: true, skipPreview: true } })).runs).toEqual(["up"]);
});

test("a terminal is asked: no stops, details show more, yes goes on", async () => {
  const no = await play({ terminal: true, input: "no\n" });
  expect(no).toMatchObject({ code: 1, runs: ["preview"], err: "nothing was changed\n" });
  const yes = await play({ terminal: true, input: "what\ndetails\nyes\n" });
  expect(yes).toMatchObject({ code: 0, runs: ["preview", "up"] });
  expect(yes.out.split("Perform this update of prod? (yes/no/details): ")).toHaveLength(4);
  expect((await play({ terminal: true, input: "" })).runs).toEqual(["preview"]);
});

test("a preview without changes asks nothing", async () => {
  expect((await play({ terminal: true, result: { hasChanges: false } })).runs).toEqual(["preview", "up"]);
});

test("up --plan is held against a preview also where none was asked for, and one that fails ends it", async () => {
  const parts = { flags: { yes: true, skipPreview: true }, prepared: { plan: "/p/plan.json" } };
  expect((await play(parts)).runs).toEqual(["preview", "up"]);
  const failed = await play({ ...parts, result: { result: "failed", exitCode: 1 } });
  expect(failed).toMatchObject({ code: 1, runs: ["preview"] });
});

test("preview --save-plan says how the plan is carried out, and nothing after a failure", async () => {
  const parts = { kind: "preview" as const, prepared: { savePlan: "/p/plan.json" } };
  expect((await play(parts)).err).toBe(
    "plan written to /p/plan.json; carry it out: muster up -s prod --plan /p/plan.json\n",
  );
  expect((await play({ ...parts, result: { result: "failed", exitCode: 1 } })).err).toBe("");
});

test("a failed preview ends it", async () => {
  const end = await play({ flags: { yes: true }, result: { result: "failed", exitCode: 1 } });
  expect(end).toMatchObject({ code: 1, runs: ["preview"] });
});

test("unexpected changes exit with 7 and say so", async () => {
  const end = await play({ flags: { yes: true, skipPreview: true, expectNoChanges: true }, result: { exitCode: 7 } });
  expect(end).toMatchObject({ code: 7, err: "error: no changes were expected for update but changes were proposed\n" });
});

function linesOf(out: string): unknown[] {
  const lines = out.trimEnd().split("\n");
  return lines.map(line => JSON.parse(line));
}

test("--json prints events and nothing else", async () => {
  const { out } = await play({ flags: { yes: true, skipPreview: true, json: true } });
  expect(linesOf(out)).toEqual(plan);
});

test("--json prints a preview as one document, also before a run; as events if the environment says so", async () => {
  const flags = { json: true, yes: true };
  const { out } = await play({ kind: "preview", flags });
  const document = JSON.parse(out);
  expect(document).toMatchObject({ steps: [{ op: "create" }, { op: "create" }], changeSummary: { create: 2 } });
  const whole = (await play({ flags })).out;
  expect(whole.startsWith(out)).toBe(true);
  expect(linesOf(whole.slice(out.length))).toEqual(plan);
  const env = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "1" };
  expect(linesOf((await play({ kind: "preview", flags, env })).out)).toEqual(plan);
});

test("--event-log holds the run and not the preview before it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-events-"));
  const eventLog = join(folder, "events.jsonl");
  await play({ flags: { yes: true, eventLog } });
  expect(readFileSync(eventLog, "utf8").trimEnd().split("\n")).toHaveLength(plan.length);
  rmSync(folder, { recursive: true });
  expect((await play({ flags: { yes: true, eventLog } })).code).toMatch(/the event log can't be written/);
});
