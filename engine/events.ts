/**
 * Engine events, in the shape of Pulumi's own event log (`pulumi up --event-log`, apitype.EngineEvent of Pulumi 3.260):
 * one of the optional members is set. `--json` prints them one a line.
 */
export interface EngineEvent {
  readonly sequence: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly preludeEvent?: { readonly config: Record<string, string> };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata; readonly planning?: boolean };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata; readonly planning?: boolean };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata; readonly status: number; readonly steps: number };
  readonly diagnosticEvent?: DiagnosticEvent;
  readonly summaryEvent?: SummaryEvent;
  readonly cancelEvent?: Record<string, never>;
}

export type OpType =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace"
  | "import"
  | "import-replacement";

export interface StepMetadata {
  readonly op: OpType;
  readonly urn: string;
  readonly type: string;
  readonly old?: StepState;
  readonly new?: StepState;
  /** Properties that force a replacement. */
  readonly keys?: string[];
  /** Top-level properties that differ. */
  readonly diffs?: string[];
  readonly detailedDiff?: Record<string, { readonly diffKind: string; readonly inputDiff: boolean }>;
  readonly logical?: boolean;
  readonly provider: string;
}

/** Secrets are `[secret]` already, unknowns are the sentinel "04da6b54-80e4-46f7-96ec-b56ff0331ba9". */
export interface StepState {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly delete?: boolean;
  readonly id: string;
  readonly parent: string;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
  readonly provider: string;
  readonly initErrors?: string[];
}

export interface DiagnosticEvent {
  readonly urn?: string;
  readonly prefix?: string;
  readonly message: string;
  readonly severity: "debug" | "info" | "info#err" | "warning" | "error";
  /** Ephemeral: a provider's status line, shown live and then forgotten. */
  readonly ephemeral?: boolean;
  readonly streamId?: number;
}

export interface SummaryEvent {
  readonly maybeCorrupt: boolean;
  readonly durationSeconds: number;
  readonly resourceChanges: Partial<Record<OpType, number>>;
  readonly result: "succeeded" | "failed";
  readonly isPreview: boolean;
}
