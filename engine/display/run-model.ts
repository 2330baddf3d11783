import type { DiagnosticEvent, EngineEvent, StepMetadata, SummaryEvent } from "../events";
import { type Change, changeOf, isStack } from "./names";

/** One step as the engine reported it. `endedSeconds` is absent while it runs. */
export interface ShownStep {
  metadata: StepMetadata;
  readonly startedSeconds: number;
  endedSeconds?: number;
  failed?: boolean;
  /** The provider's last status line. */
  status?: string;
}

/** Everything that happens to one resource in the run, as one line of the plan. */
export interface ShownResource {
  readonly urn: string;
  readonly type: string;
  parent: string;
  change: Change;
  /** The step that explains the change best. */
  metadata: StepMetadata;
  failed?: boolean;
}

export interface StackOutputs {
  readonly before: Record<string, unknown>;
  readonly after: Record<string, unknown>;
}

export interface Finished {
  readonly step: ShownStep;
  /** The step only looked at the resource (a refresh). */
  readonly looked: boolean;
}

/** Collects a run's events into what a reader wants to know. No output, no clock of its own. */
export class RunModel {
  readonly resources = new Map<string, ShownResource>();
  readonly drifts: StepMetadata[] = [];
  readonly diagnostics: DiagnosticEvent[] = [];
  readonly running = new Map<string, ShownStep>();
  summary?: SummaryEvent;
  outputs?: StackOutputs;
  finishedSteps = 0;

  constructor(readonly startedSeconds: number) {}

  /** Returns the step that this event ended, if it ended one. */
  apply(event: EngineEvent, atSeconds: number): Finished | undefined {
    if (event.resourcePreEvent) this.begin(event.resourcePreEvent.metadata, atSeconds);
    if (event.resOutputsEvent) return this.end(event.resOutputsEvent.metadata, atSeconds, false);
    if (event.resOpFailedEvent) return this.end(event.resOpFailedEvent.metadata, atSeconds, true);
    if (event.diagnosticEvent) this.note(event.diagnosticEvent);
    if (event.summaryEvent) this.summary = event.summaryEvent;
    return undefined;
  }

  private begin(metadata: StepMetadata, atSeconds: number): void {
    this.running.set(metadata.urn, { metadata, startedSeconds: atSeconds });
    if (metadata.op !== "refresh") this.show(metadata);
  }

  private end(metadata: StepMetadata, atSeconds: number, failed: boolean): Finished | undefined {
    if (isStack(metadata.type)) this.takeOutputs(metadata);
    const step = this.running.get(metadata.urn);
    const looked = (step?.metadata ?? metadata).op === "refresh";
    if (looked) {
      if (!failed && hasDrifted(metadata)) this.drifts.push(metadata);
    } else {
      const resource = this.show(metadata);
      if (failed) resource.failed = true;
    }
    if (!step) return undefined;
    this.running.delete(metadata.urn);
    if (!isStack(metadata.type)) this.finishedSteps++;
    step.metadata = looked ? { ...metadata, op: "refresh" } : metadata;
    step.endedSeconds = atSeconds;
    if (failed) step.failed = true;
    return { step, looked };
  }

  private show(metadata: StepMetadata): ShownResource {
    const change = changeOf(metadata.op);
    const parent = metadata.new?.parent ?? metadata.old?.parent ?? "";
    const known = this.resources.get(metadata.urn);
    if (!known) {
      const resource = { urn: metadata.urn, type: metadata.type, parent, change, metadata };
      this.resources.set(metadata.urn, resource);
      return resource;
    }
    if (known.change === "same" || change === "replace") known.change = change;
    if (parent !== "") known.parent = parent;
    // Of the steps of a replacement the deletion knows neither the reason nor the new values.
    if (metadata.op !== "delete-replaced" || known.metadata.op === "delete-replaced") known.metadata = metadata;
    return known;
  }

  /** The stack's outputs come with its last event; a refresh of it and its first event carry the old ones. */
  private takeOutputs(metadata: StepMetadata): void {
    const before = metadata.old?.outputs ?? {};
    this.outputs = { before, after: metadata.op === "delete" ? {} : (metadata.new?.outputs ?? before) };
  }

  private note(diagnostic: DiagnosticEvent): void {
    if (diagnostic.severity === "debug") return;
    if (!diagnostic.ephemeral) {
      this.diagnostics.push(diagnostic);
      return;
    }
    const step = this.running.get(diagnostic.urn ?? "");
    if (step) step.status = diagnostic.message.trim();
  }
}

function hasDrifted(metadata: StepMetadata): boolean {
  if (isStack(metadata.type) || !metadata.old?.custom || metadata.type.startsWith("pulumi:providers:")) return false;
  if (!metadata.new || metadata.op === "delete" || (metadata.diffs ?? []).length > 0) return true;
  return JSON.stringify(metadata.old.outputs ?? {}) !== JSON.stringify(metadata.new.outputs ?? {});
}
