import { RunDisplay, type Screen } from "../engine/display/run-display";
import { PreviewDigest } from "../engine/preview-digest";
import type { RunKind, RunOptions, RunResult } from "../engine/run";
import { isDefaultProvider } from "../engine/urn";
import { OperatorError } from "../wire/operator-error";
import { ask } from "./ask";
import type { Console } from "./console";
import { type EventOutput, eventLog } from "./event-output";
import type { Interrupts } from "./signals";
import { truth, type UpdateFlags } from "./update-options";

/** What a run needs besides the choices of the operator. */
export interface UpdateTools {
  readonly run: (options: RunOptions) => Promise<RunResult>;
  readonly console: Console;
  readonly screen: Screen;
  readonly interactive: boolean;
  readonly interrupts: Pick<Interrupts, "stop" | "cancel" | "speaker">;
  /** Seconds of a steady clock. */
  now(): number;
}

export type PreparedRun = Omit<RunOptions, "onEvent" | "stop" | "cancel" | "previewOnly">;

/** Exit code of `--expect-no-changes` when there are some (pulumi/pulumi, 3.260). */
const unexpectedChanges = 7;
const names: Record<RunKind, string> = {
  preview: "preview",
  up: "update",
  refresh: "refresh",
  destroy: "destroy",
  import: "import",
};

/** Preview, question, run. Returns the exit code. */
export async function updateFlow(prepared: PreparedRun, flags: UpdateFlags, tools: UpdateTools): Promise<number> {
  const { kind } = prepared;
  if (kind === "preview" || flags.previewOnly) {
    const { exitCode, result } = await shownRun(prepared, true, flags, tools, openLog(flags));
    if (prepared.savePlan !== undefined && result.result === "succeeded") saySaved(prepared, tools.console);
    return exitCode;
  }
  const confirmed = flags.yes === true || flags.skipPreview === true;
  if (!confirmed && (!tools.interactive || flags.json)) throw new UnconfirmedError(kind);
  const log = openLog(flags);
  // A plan is held against a preview before anything is done, asked for or not.
  if (!flags.skipPreview || prepared.plan !== undefined) {
    const go = await reviewed(prepared, flags, tools, confirmed);
    if (go !== true) {
      log?.close();
      return go;
    }
  }
  return (await shownRun(prepared, false, flags, tools, log)).exitCode;
}

/** The preview before a run, and the question. True: go on; else the exit code. */
async function reviewed(
  prepared: PreparedRun,
  flags: UpdateFlags,
  tools: UpdateTools,
  confirmed: boolean,
): Promise<true | number> {
  const preview = await shownRun({ ...prepared, expectNoChanges: false }, true, flags, tools);
  if (preview.result.result === "failed") return preview.exitCode;
  if (tools.interrupts.stop.aborted) return 1;
  if (confirmed || !preview.result.hasChanges) return true;
  const text = `Perform this ${names[prepared.kind]} of ${prepared.stack}?`;
  const yes = await ask(tools.console, { text, details: () => preview.display.details() });
  if (yes) return true;
  tools.console.err.write("nothing was changed\n");
  return 1;
}

interface Shown {
  readonly result: RunResult;
  readonly exitCode: number;
  readonly display: RunDisplay;
}

async function shownRun(
  prepared: PreparedRun,
  preview: boolean,
  flags: UpdateFlags,
  tools: UpdateTools,
  /** Of the run itself: the preview before it is not logged, as with stock. */
  log?: EventOutput,
): Promise<Shown> {
  const title = `${preview && prepared.kind !== "preview" ? `preview of ${prepared.kind}` : prepared.kind} ${prepared.stack}`;
  const silent = flags.json === true;
  const screen = silent ? { ...tools.screen, live: false, write: () => undefined } : tools.screen;
  const display = new RunDisplay({
    screen,
    title,
    preview,
    whole: flags.diff,
    withoutOutputs: flags.suppressOutputs,
    now: tools.now,
  });
  const digest =
    silent && preview && !truth(tools.console.env.PULUMI_ENABLE_STREAMING_JSON_PREVIEW) && new PreviewDigest();
  const started = tools.now();
  const onEvent: RunOptions["onEvent"] = (event, states) => {
    log?.write(event);
    display.handle(event);
    const step = event.resourcePreEvent ?? event.resOutputsEvent ?? event.resOpFailedEvent;
    // Providers that no program has named are in logs only, as with stock.
    if (!silent || (step && isDefaultProvider(step.metadata.urn))) return;
    if (digest) digest.handle(event, states);
    else tools.console.out.write(`${JSON.stringify(event)}\n`);
  };
  if (!silent) tools.interrupts.speaker = text => display.say(text);
  try {
    const { stop, cancel } = tools.interrupts;
    const kind = preview && prepared.kind === "up" ? "preview" : prepared.kind;
    const previewOnly = preview && kind !== "preview";
    const result = await tools.run({ ...prepared, kind, onEvent, stop, cancel, ...(previewOnly && { previewOnly }) });
    display.finish();
    if (digest) tools.console.out.write(`${JSON.stringify(digest.document(tools.now() - started), null, 4)}\n`);
    if (result.exitCode === unexpectedChanges) sayUnexpected(prepared.kind, tools.console);
    return { result, exitCode: result.exitCode, display };
  } catch (error) {
    display.stop();
    throw error;
  } finally {
    tools.interrupts.speaker = undefined;
    log?.close();
  }
}

function openLog(flags: UpdateFlags): EventOutput | undefined {
  return flags.eventLog === undefined ? undefined : eventLog(flags.eventLog);
}

function sayUnexpected(kind: RunKind, console: Console): void {
  console.err.write(`error: no changes were expected for ${names[kind]} but changes were proposed\n`);
}

function saySaved({ savePlan, stack }: PreparedRun, console: Console): void {
  console.err.write(`plan written to ${savePlan}; carry it out: muster up -s ${stack} --plan ${savePlan}\n`);
}

/** Nobody said yes, and there is nobody to ask. */
export class UnconfirmedError extends OperatorError {
  constructor(kind: RunKind) {
    super({
      summary: `${kind} needs a yes, and there is no terminal to ask on`,
      detail: "a run changes hosts, so it is never started unasked",
      remedy: `look at \`muster preview\` first, then run \`muster ${kind} --yes\` (with --skip-preview it is not previewed again)`,
    });
    this.name = "UnconfirmedError";
  }
}
