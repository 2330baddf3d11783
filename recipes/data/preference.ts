import { error, type RowFault } from "./fault";
import type { Format } from "./format";
import { isMap, type JsonMap, kindOf, own, textOf } from "./json";
import type { Message } from "./messages";

/** What a row can be trained with, by its columns and its messages. */
export type RowKind = "sft" | "preference" | "label" | "prompt" | "pretraining";

export function kindOfRow(row: JsonMap, messages: readonly Message[]): RowKind {
  if (hasRejected(row)) return "preference";
  if (typeof own(row, "label") === "boolean") return "label";
  const last = messages.at(-1)?.role;
  if (last === "user" || last === "tool") return "prompt";
  return messages.length > 0 && messages.every(message => message.role === "assistant") ? "pretraining" : "sft";
}

export function hasRejected(row: JsonMap): boolean {
  return [own(row, "rejected_response"), own(row, "rejected_messages")].some(
    value => value !== undefined && value !== null,
  );
}

/** The rejected reply of a pair, and what the training wants beside the messages. */
export function checkPreference(row: JsonMap, messages: readonly Message[], format: Format): RowFault[] {
  const { purpose } = format;
  const faults: RowFault[] = [];
  if ((purpose === "dpo" || purpose === "rm") && !hasRejected(row)) {
    const remedy = "add rejected_response: the reply that is worse";
    faults.push(error("rejected_response", `there is none, and ${purpose} learns from pairs`, remedy));
  }
  if (purpose === "kto" && typeof own(row, "label") !== "boolean") {
    faults.push(
      error("label", `${kindOf(own(row, "label"))} instead of true or false`, "write label: true for a good reply"),
    );
  }
  return [...faults, ...checkRejectedResponse(row, messages), ...checkRejectedMessages(row)];
}

function checkRejectedResponse(row: JsonMap, messages: readonly Message[]): RowFault[] {
  const rejected = own(row, "rejected_response");
  if (!Object.hasOwn(row, "rejected_response")) return [];
  const field = "rejected_response";
  if (rejected === null || rejected === "")
    return [error(field, `${rejected === null ? "null" : "empty"}: the row is deleted`, "write the worse reply")];
  if (typeof rejected !== "string" && !Array.isArray(rejected)) {
    return [error(field, `${kindOf(rejected)} instead of a text`, "write the worse reply")];
  }
  if (rejected === messages.at(-1)?.content) {
    return [error(field, "the same as the last reply: the row is deleted", "write a reply that is worse")];
  }
  return [];
}

function checkRejectedMessages(row: JsonMap): RowFault[] {
  const rejected = own(row, "rejected_messages");
  if (rejected === undefined || rejected === null) return [];
  if (!Array.isArray(rejected) || rejected.length === 0 || !rejected.every(isMap)) {
    return [error("rejected_messages", "not a list of messages", "write a list of {role, content}")];
  }
  if (textOf(rejected) === textOf(own(row, "messages"))) {
    return [error("rejected_messages", "the same as messages: the row is deleted", "write a reply that is worse")];
  }
  return [];
}
