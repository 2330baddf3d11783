import type { Json, JsonMap } from "../wire/struct";
import type { StepStates } from "./event-stream";
import type { EngineEvent, OpType, StepMetadata } from "./events";
import type { ResourceState } from "./resource";
import { serializeResource } from "./state/deployment";
import { STACK_TYPE } from "./urn";

const NANOSECONDS = 1_000_000_000;
const PHYSICAL: ReadonlySet<OpType> = new Set(["create-replacement", "delete-replaced", "read-replacement"]);

/** The one JSON document of `preview --json`, gathered from events (pulumi/pulumi pkg/display/json.go, PreviewDigest, 3.260). */
export class PreviewDigest {
  private config: Readonly<Record<string, string>> = {};
  private changes: Readonly<Partial<Record<OpType, number>>> = {};
  private readonly steps: JsonMap[] = [];
  private readonly diagnostics: JsonMap[] = [];
  private readonly refreshed = new Set<string>();

  handle(event: EngineEvent, states: StepStates = {}): void {
    const { preludeEvent, resourcePreEvent, resOutputsEvent, diagnosticEvent, summaryEvent } = event;
    if (preludeEvent) this.config = preludeEvent.config;
    if (summaryEvent) this.changes = summaryEvent.resourceChanges;
    if (resourcePreEvent) this.starts(resourcePreEvent.metadata, states);
    if (resOutputsEvent) this.cameTo(resOutputsEvent.metadata, states);
    if (diagnosticEvent && !diagnosticEvent.ephemeral && diagnosticEvent.severity !== "debug") {
      const { urn, message, severity } = diagnosticEvent;
      const said = ["error", "warning"].includes(severity) ? `${severity}: ${message}` : message;
      this.diagnostics.push({ ...(urn && { urn }), message: said.replace(/\n?$/, "\n"), severity });
    }
  }

  /** @param seconds how long the preview took */
  document(seconds: number): JsonMap {
    const whole: JsonMap = {
      config: { ...this.config },
      steps: this.steps,
      diagnostics: this.diagnostics,
      duration: Math.round(seconds * NANOSECONDS),
      changeSummary: { ...this.changes } as JsonMap,
    };
    // What is empty is left out, as Go does it.
    const given = ([, value]: [string, Json]): boolean =>
      typeof value !== "object" || Object.keys(value ?? {}).length > 0;
    return Object.fromEntries(Object.entries(whole).filter(given));
  }

  private starts(metadata: StepMetadata, states: StepStates): void {
    if (!isShown(metadata, states)) return;
    if (metadata.op === "refresh") this.refreshed.add(metadata.urn);
    else this.refreshed.delete(metadata.urn);
    this.steps.push(stepJson(metadata, states));
  }

  /** What a refresh came to takes its place. */
  private cameTo(metadata: StepMetadata, states: StepStates): void {
    const { op, urn, detailedDiff } = metadata;
    const told = op === "delete" || (op === "update" && detailedDiff !== undefined);
    if (!told || !this.refreshed.has(urn)) return;
    for (const [index, step] of this.steps.entries()) {
      if (step.urn === urn) this.steps[index] = stepJson(metadata, states);
    }
  }
}

function isShown({ op, logical, type }: StepMetadata, { old, now }: StepStates): boolean {
  if (type === STACK_TYPE) return true;
  if (op === "same") return old?.protect !== now?.protect;
  return logical === true || !PHYSICAL.has(op);
}

function stepJson({ op, urn, provider, diffs, keys, detailedDiff }: StepMetadata, { old, now }: StepStates): JsonMap {
  const kinds = Object.entries(detailedDiff ?? {}).map(([path, { diffKind, inputDiff }]): [string, Json] => [
    path,
    { kind: diffKind, inputDiff },
  ]);
  return {
    op,
    urn,
    ...(provider && { provider }),
    ...(old && { oldState: stateJson(old) }),
    ...(now && { newState: stateJson(now) }),
    ...(diffs && { diffReasons: [...diffs] }),
    ...(keys && { replaceReasons: [...keys] }),
    detailedDiff: detailedDiff === undefined ? null : Object.fromEntries(kinds),
  };
}

function stateJson(state: ResourceState): JsonMap {
  return serializeResource(state, () => "[secret]");
}
