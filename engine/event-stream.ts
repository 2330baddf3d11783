import { encodeValue, type Json } from "../wire/struct";
import { define, equalValues, isList, isMap, Secret, type Value, type ValueMap } from "../wire/values";
import type { DiagnosticEvent, EngineEvent, OpType, StepMetadata, StepState } from "./events";
import type { Applied } from "./executor/apply";
import type { Step } from "./planner/step";
import type { ResourceState } from "./resource";
import { isDefaultProvider } from "./urn";

/** Status of a failure that left a resource that is there, although not as declared. */
const PARTIAL = 1;

type Body = Omit<EngineEvent, "sequence" | "timestamp">;

/** Numbers the events of a run, counts its changes, and hands them on in order. */
export class EventStream {
  private sequence = 0;
  private readonly counts: Partial<Record<OpType, number>> = {};
  private readonly started = Date.now();

  constructor(
    private readonly onEvent: (event: EngineEvent) => void,
    private readonly preview: boolean,
    /** False if a refresh only comes before the thing itself. */
    private readonly countsRefresh: boolean,
  ) {}

  /** Counts what a step came to as the reader knows it: a replacement once, what was only read if it has changed. */
  count(step: Step, { state, resultOp }: Pick<Applied, "state" | "resultOp">): void {
    if (isDefaultProvider(step.urn) || (step.op === "refresh" && !this.countsRefresh)) return;
    if (!step.logical && step.op !== "refresh") return;
    if (step.op === "read" && (step.old === undefined || equalValues(step.old.outputs, state?.outputs))) return;
    const op = resultOp ?? step.op;
    this.counts[op] = (this.counts[op] ?? 0) + 1;
  }

  changes(): Partial<Record<OpType, number>> {
    return this.counts;
  }

  prelude(config: Record<string, string>): void {
    this.emit({ preludeEvent: { config } });
  }

  before(step: Step): void {
    this.emit({
      resourcePreEvent: { metadata: metadataOf(step, plannedOf(step)), ...(this.preview ? { planning: true } : {}) },
    });
  }

  /** What a step came to. */
  outputs(step: Step, { state, diff, resultOp }: Pick<Applied, "state" | "diff" | "resultOp">): void {
    const told = {
      ...step,
      // A refresh that only comes before the thing itself keeps its name.
      ...(resultOp && this.countsRefresh && { op: resultOp }),
      ...(diff && { diffs: diff.diffKeys, detailedDiff: diff.detailed }),
      // What was there before an import is what was found.
      ...(step.deleteOldLater && step.old && { old: { ...step.old, delete: true } }),
      ...(isImport(step) && state && { old: state }),
    };
    const now = step.next === undefined ? undefined : state;
    this.emit({ resOutputsEvent: { metadata: metadataOf(told, now), ...(this.preview ? { planning: true } : {}) } });
  }

  /** As `outputs`, but a component tells its outputs only when all of it was declared: its step alone says nothing. */
  done(step: Step, applied: Applied): void {
    const tellsNow = this.preview || step.op === "refresh" || step.op === "delete";
    if (tellsNow || (step.next ?? step.old)?.custom) this.outputs(step, applied);
  }

  failed(step: Step, applied: Applied, steps: number): void {
    const planned = plannedOf(step);
    const now =
      applied.status === PARTIAL
        ? applied.state
        : planned && step.op === "update"
          ? { ...planned, id: step.old?.id }
          : planned;
    this.emit({ resOpFailedEvent: { metadata: metadataOf(step, now), status: applied.status, steps } });
  }

  diagnostic(event: DiagnosticEvent): void {
    this.emit({ diagnosticEvent: event });
  }

  error(message: string, urn?: string): void {
    this.diagnostic({ severity: "error", message, ...(urn === undefined ? {} : { urn }) });
  }

  warning(message: string, urn?: string): void {
    this.diagnostic({ severity: "warning", message, ...(urn === undefined ? {} : { urn }) });
  }

  summary(result: "succeeded" | "failed"): void {
    const durationSeconds = Math.round((Date.now() - this.started) / 1000);
    this.emit({
      summaryEvent: {
        maybeCorrupt: false,
        durationSeconds,
        resourceChanges: this.counts,
        result,
        isPreview: this.preview,
      },
    });
  }

  /** The last event of every run, whatever came of it: stock's name for the end of the stream. */
  ended(): void {
    this.emit({ cancelEvent: {} });
  }

  private emit(body: Body): void {
    this.sequence += 1;
    this.onEvent({ sequence: this.sequence, timestamp: Math.floor(Date.now() / 1000), ...body });
  }
}

function isImport({ op }: Step): boolean {
  return op === "import" || op === "import-replacement";
}

/** Steps that tell of something that is there: by looking at it, or because it was made just before. */
const HAVE_ID: ReadonlySet<OpType> = new Set(["refresh", "read", "read-replacement", "replace"]);

/** What a step will make, which has no id yet. */
function plannedOf({ op, next }: Step): ResourceState | undefined {
  return next === undefined || HAVE_ID.has(op) ? next : { ...next, id: undefined };
}

function metadataOf(step: Step, now: ResourceState | undefined): StepMetadata {
  // What is not made because of --target is told as what stays as it is.
  const old = step.skipped ? step.next : isImport(step) && now?.id === undefined ? undefined : step.old;
  return {
    op: step.op,
    urn: step.urn,
    type: step.type,
    ...(old === undefined ? {} : { old: stateOf(old) }),
    ...(now === undefined ? {} : { new: stateOf(now) }),
    ...(step.keys.length === 0 ? {} : { keys: [...step.keys] }),
    ...(step.diffs.length === 0 ? {} : { diffs: [...step.diffs] }),
    ...(Object.keys(step.detailedDiff).length === 0 ? {} : { detailedDiff: step.detailedDiff }),
    ...(step.logical ? { logical: true } : {}),
    provider: (now ?? step.old)?.provider ?? "",
  };
}

function stateOf(state: ResourceState): StepState {
  return {
    urn: state.urn,
    type: state.type,
    ...(state.custom ? { custom: true } : {}),
    ...(state.delete ? { delete: true } : {}),
    id: state.id ?? "",
    parent: state.parent ?? "",
    ...(state.protect ? { protect: true } : {}),
    ...(state.retainOnDelete ? { retainOnDelete: true } : {}),
    inputs: shownMap(state.inputs),
    outputs: shownMap(state.outputs),
    provider: state.provider ?? "",
    ...(state.initErrors.length === 0 ? {} : { initErrors: [...state.initErrors] }),
    ...(state.hideDiff.length === 0 ? {} : { hideDiffs: [...state.hideDiff] }),
  };
}

/** Values as a reader may see them: secrets are `[secret]`, unknowns the sentinel. */
export function shownMap(values: ValueMap): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) define(result, key, shown(value));
  return result;
}

function shown(value: Value): unknown {
  if (value instanceof Secret) return "[secret]";
  if (isList(value)) return value.map(shown);
  return isMap(value) ? shownMap(value) : (encodeValue(value) satisfies Json);
}
