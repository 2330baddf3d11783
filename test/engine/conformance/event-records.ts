import { readFileSync } from "node:fs";
import type { EventRecord } from "./scenario";

type Fields = Record<string, unknown>;

const STEP_EVENTS: Readonly<Record<string, string>> = {
  resourcePreEvent: "pre",
  resOutputsEvent: "outputs",
  resOpFailedEvent: "failed",
};
const SHOWN_OF_STEP = ["keys", "diffs", "detailedDiff", "logical"];
const SHOWN_OF_STATE = ["id", "protect", "retainOnDelete", "initErrors", "delete"];

/** The events of an `--event-log` file as the recordings have them; progress and what is said only for a moment left out. */
export function readEvents(file: string): EventRecord[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.flatMap(line => recordOf(JSON.parse(line)));
}

function recordOf(event: Fields): EventRecord[] {
  const [kind = "?", body = {}] = (Object.entries(event).find(([key]) => key.endsWith("Event")) ?? []) as [
    string?,
    Fields?,
  ];
  const step = STEP_EVENTS[kind];
  if (step !== undefined) return [stepRecord(step, body)];
  switch (kind) {
    case "progressEvent":
      return [];
    case "diagnosticEvent":
      if (body.ephemeral || body.severity === "debug") return [];
      return [{ t: "diag", severity: body.severity, urn: text(body.urn), message: text(body.message) }];
    case "summaryEvent":
      return [{ t: "summary", changes: body.resourceChanges, result: body.result }];
    case "preludeEvent":
      return [{ t: "prelude", config: body.config }];
    default:
      return [{ t: kind }];
  }
}

function stepRecord(t: string, body: Fields): EventRecord {
  const metadata = body.metadata as Fields;
  const record: Fields = { t, op: metadata.op, urn: metadata.urn };
  for (const key of SHOWN_OF_STEP) if (isSet(metadata[key])) record[key] = metadata[key];
  for (const key of ["old", "new"]) if (metadata[key]) record[key] = stateRecord(metadata[key] as Fields);
  if (t === "pre" && body.planning) record.planning = true;
  if (t === "failed") record.status = body.status;
  return record as EventRecord;
}

function stateRecord(state: Fields): Fields {
  return Object.fromEntries(SHOWN_OF_STATE.filter(key => isSet(state[key])).map(key => [key, state[key]]));
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
