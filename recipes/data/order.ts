import { error, type RowFault } from "./fault";
import type { Format } from "./format";
import type { Message } from "./messages";

/** After merging neighbours: user or tool in turn with assistant, system only first, a reply last. */
export function checkOrder(messages: readonly Message[], format: Format): RowFault[] {
  const faults: RowFault[] = [];
  for (const [i, { role, field }] of messages.entries()) {
    const before = messages[i - 1]?.role;
    if (role === "system" && i > 0) {
      faults.push(error(field, "system is not the first message", "move it to the front, or make it user"));
    }
    const isAfterCall = before === "assistant" || before === "tool_call" || before === "tool";
    if (role === "tool" && !isAfterCall) {
      faults.push(error(field, "a tool's answer without a call before it", "put the tool_call in front of it"));
    }
    if (role === "user" && before === "tool") {
      faults.push(error(field, "user right after a tool's answer", "add the assistant's reply between them"));
    }
  }
  return [...faults, ...checkEnd(messages, format)];
}

/**
 * A reply stands last: without one the loader appends an empty one, of which nothing is learned (replies before it are, unless the loss
 * scale is last_round). GRPO writes the reply itself, and pretraining learns all of the text.
 */
function checkEnd(messages: readonly Message[], { purpose }: Format): RowFault[] {
  const last = messages.at(-1);
  if (last === undefined || purpose === "grpo" || purpose === "pt") return [];
  if (last.role !== "assistant" && last.role !== "tool_call") {
    return [
      error(
        last.field,
        `the last message is of ${last.role}: no reply to it is learned`,
        "end with assistant or tool_call",
      ),
    ];
  }
  if (last.role === "assistant" && last.content === "") {
    return [error(`${last.field}.content`, "the last reply is empty: no reply is learned", "write the reply")];
  }
  return [];
}
