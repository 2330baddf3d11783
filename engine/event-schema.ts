import { z } from "zod";

/** The JSON Schema of `--json` and `--event-log` is made from this: docs/reference/events.schema.json. */

const OPERATIONS = [
  "same",
  "create",
  "update",
  "delete",
  "replace",
  "create-replacement",
  "delete-replaced",
  "read",
  "read-replacement",
  "refresh",
  "discard",
  "discard-replaced",
  "remove-pending-replace",
  "import",
  "import-replacement",
] as const;
const DIFF_KINDS = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;

export const operation = z.enum(OPERATIONS);
const properties = z.record(z.string(), z.unknown()).describe("secrets are [secret]");

export const state = z.strictObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  id: z.string(),
  parent: z.string(),
  protect: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
  inputs: properties,
  outputs: properties,
  provider: z.string(),
  initErrors: z.array(z.string()).optional(),
  hideDiffs: z.array(z.string()).optional().describe("paths of properties whose changes are not shown"),
});

export const metadata = z.strictObject({
  op: operation,
  urn: z.string(),
  type: z.string(),
  old: state.optional().describe("before"),
  new: state.optional().describe("after; absent if the resource is gone"),
  keys: z.array(z.string()).optional().describe("what forces a replacement"),
  diffs: z.array(z.string()).optional().describe("top-level properties that differ"),
  detailedDiff: z
    .record(z.string(), z.strictObject({ diffKind: z.enum(DIFF_KINDS), inputDiff: z.boolean() }))
    .optional()
    .describe("by property path"),
  logical: z.boolean().optional(),
  provider: z.string(),
});

const head = { sequence: z.number().int().min(1), timestamp: z.number().int().describe("Unix seconds") };
const planning = z.boolean().optional().describe("of a preview");

export const diagnostic = z.strictObject({
  urn: z.string().optional(),
  prefix: z.string().optional(),
  message: z.string(),
  severity: z.enum(["debug", "info", "info#err", "warning", "error"]),
  ephemeral: z.boolean().optional().describe("a status line, shown and forgotten"),
  streamId: z.number().int().optional(),
});

export const summary = z.strictObject({
  maybeCorrupt: z.boolean(),
  durationSeconds: z.number().int(),
  resourceChanges: z.partialRecord(operation, z.number().int()),
  result: z.enum(["succeeded", "failed"]),
  isPreview: z.boolean(),
});

const failure = z.strictObject({
  metadata,
  status: z.number().int().min(0).max(2).describe("0: nothing changed, 1: partly, 2: unknown"),
  steps: z.number().int(),
});

/** What may have happened; one of them in each event. */
const happenings = {
  preludeEvent: z.strictObject({ config: z.record(z.string(), z.string()) }),
  resourcePreEvent: z.strictObject({ metadata, planning }),
  resOutputsEvent: z.strictObject({ metadata, planning }),
  resOpFailedEvent: failure,
  diagnosticEvent: diagnostic,
  summaryEvent: summary,
  cancelEvent: z.strictObject({}),
};

/** An event as a program reads it, where any of them may be set. */
export const anyEvent = z.object({ ...head, ...z.object(happenings).partial().shape });

/** One event: its number, its time, and what happened. */
export const engineEvent = z.union(
  Object.entries(happenings).map(([name, happening]) => z.strictObject({ ...head, [name]: happening })),
);

export function eventJsonSchema(): Record<string, unknown> {
  return { title: "an event of muster --json and --event-log", ...z.toJSONSchema(engineEvent, { reused: "ref" }) };
}
