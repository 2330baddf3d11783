import type {
  DiagnosticEvent,
  EngineEvent,
  OpType,
  StepMetadata,
  StepState,
  SummaryEvent,
} from "../../../engine/events";

/** Builds engine events as the stock engine orders them: a pre event, then its outputs or its failure. */
export class EventList {
  readonly events: EngineEvent[] = [];

  constructor(private readonly planning = false) {}

  private push(event: Omit<EngineEvent, "sequence" | "timestamp">): this {
    this.events.push({ sequence: this.events.length + 1, timestamp: 1_700_000_000, ...event });
    return this;
  }

  begin(op: OpType, path: string, step: StepParts = {}): this {
    return this.push({ resourcePreEvent: { metadata: metadata(op, path, step), planning: this.planning } });
  }

  end(op: OpType, path: string, step: StepParts = {}): this {
    return this.push({ resOutputsEvent: { metadata: metadata(op, path, step), planning: this.planning } });
  }

  fail(op: OpType, path: string, message: string, step: StepParts = {}): this {
    this.push({ diagnosticEvent: { urn: urnOf(path), message: `${message}\n`, severity: "error" } });
    return this.push({ resOpFailedEvent: { metadata: metadata(op, path, step), status: 0, steps: 1 } });
  }

  step(op: OpType, path: string, step: StepParts = {}): this {
    return this.begin(op, path, step).end(op, path, step);
  }

  refresh(path: string, found: OpType, step: StepParts = {}): this {
    return this.begin("refresh", path, step).end(found, path, step);
  }

  diagnostic(diagnostic: DiagnosticEvent): this {
    return this.push({ diagnosticEvent: diagnostic });
  }

  summary(resourceChanges: SummaryEvent["resourceChanges"], result: SummaryEvent["result"] = "succeeded"): this {
    const isPreview = this.planning;
    return this.push({ summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges, result, isPreview } });
  }
}

export interface StepParts {
  readonly old?: Partial<StepState>;
  readonly new?: Partial<StepState> | "gone";
  readonly keys?: string[];
  readonly diffs?: string[];
  readonly detailedDiff?: StepMetadata["detailedDiff"];
}

/** `stack/Cluster:prod/File:hosts`: the path of types and names from the root. */
export function urnOf(path: string): string {
  const parts = path.split("/").map(part => part.split(":"));
  if (path === "stack") return "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev";
  const types = parts
    .slice(1)
    .map(([type]) => (type?.includes(".") ? type.replaceAll(".", ":") : `muster:index:${type}`));
  return `urn:pulumi:dev::demo::${types.join("$")}::${parts.at(-1)?.[1]}`;
}

function metadata(op: OpType, path: string, step: StepParts): StepMetadata {
  const urn = urnOf(path);
  const type = path === "stack" ? "pulumi:pulumi:Stack" : (urn.split("::")[2]?.split("$").at(-1) ?? "");
  const parent = path === "stack" ? "" : urnOf(path.slice(0, path.lastIndexOf("/")));
  const state = (parts: Partial<StepState>): StepState => ({
    urn,
    type,
    id: "id",
    parent,
    custom: !type.endsWith("Cluster") && !type.endsWith("GpuNode") && path !== "stack",
    provider: "",
    inputs: {},
    outputs: {},
    ...parts,
  });
  const had = op !== "create" && op !== "read" && op !== "import";
  const has = op !== "delete" && op !== "delete-replaced" && op !== "discard" && step.new !== "gone";
  return {
    op,
    urn,
    type,
    provider: "",
    ...(had && { old: state(step.old ?? {}) }),
    ...(has && { new: state(step.new ?? {}) }),
    ...(step.keys && { keys: step.keys }),
    ...(step.diffs && { diffs: step.diffs }),
    ...(step.detailedDiff && { detailedDiff: step.detailedDiff }),
  };
}
