import { error, type RowFault, warning } from "./fault";
import type { Format } from "./format";
import { isMap, kindOf, own, parseJson } from "./json";
import type { Message } from "./messages";

const halfCharacter = /\p{Surrogate}/u;

/**
 * Contents of messages: texts, tool calls of the row's tools, an answer to each call. `tools` is undefined when the row's tools could
 * not be read: that has its own error.
 */
export function checkContents(
  messages: readonly Message[],
  tools: ReadonlySet<string> | undefined,
  format: Format,
): RowFault[] {
  return [...messages.flatMap(message => checkContent(message, tools, format)), ...checkAnswers(messages)];
}

function checkContent(message: Message, tools: ReadonlySet<string> | undefined, format: Format): RowFault[] {
  const at = fieldOf(message);
  const { content, role } = message;
  if (typeof content === "string" && halfCharacter.test(content)) {
    const reason = "half a character (a lone surrogate): the loader empties the whole text";
    return [error(at, reason, "cut texts between characters, not between UTF-16 units; or write errors=ignore")];
  }
  if (role === "tool_call") return checkCall(content, at, tools, format);
  if (role === "tool") return checkAnswer(content, at, format);
  if (typeof content === "string" || (Array.isArray(content) && format.takesStructures)) return [];
  return [error(at, `${kindOf(content)} instead of a text`, "write a text")];
}

function fieldOf({ field }: Message): string {
  return field.endsWith("]") && !field.startsWith("history") && !field.includes("tool_calls")
    ? `${field}.content`
    : field;
}

function checkAnswer(content: unknown, at: string, format: Format): RowFault[] {
  if (typeof content !== "string") {
    if (format.takesStructures) return [];
    return [error(at, `${kindOf(content)} instead of a text`, "write json.dumps(answer, ensure_ascii=False)")];
  }
  if (parseJson(content) !== undefined) return [];
  const fault = format.strict ? error : warning;
  return [fault(at, "a tool's answer that is not a JSON string", "write json.dumps(answer, ensure_ascii=False)")];
}

function checkCall(content: unknown, at: string, tools: ReadonlySet<string> | undefined, format: Format): RowFault[] {
  const call = typeof content === "string" ? parseJson(content) : format.takesOpenAiCalls ? content : undefined;
  if (!isMap(call)) {
    const remedy = 'write json.dumps({"name": …, "arguments": {…}})';
    return [error(at, "a tool call that is not a JSON object in a string", remedy)];
  }
  const faults: RowFault[] = [];
  const name = own(call, "name");
  if (typeof name !== "string") {
    faults.push(error(at, "a tool call without name", 'write {"name": …, "arguments": {…}}'));
  } else if (tools?.size === 0) {
    const advice = "add tools: the model would learn to call what it was not shown";
    faults.push(error(at, `a call of ${name}, but the row has no tools`, advice));
  } else if (tools && !tools.has(name)) {
    const known = [...tools].slice(0, 20).join(", ");
    faults.push(error(at, `a call of ${name}, which is not in tools`, `write one of ${known}, or add it to tools`));
  }
  const inner = own(call, "arguments") ?? own(call, "parameters");
  const parsed = typeof inner === "string" ? parseJson(inner) : inner;
  if (!isMap(parsed)) faults.push(error(at, "arguments is not an object", 'write "arguments": {…}'));
  return faults;
}

/** Each block of calls has as many answers right behind it, unless the row ends with the calls. */
function checkAnswers(messages: readonly Message[]): RowFault[] {
  const faults: RowFault[] = [];
  let calls = 0;
  messages.forEach((message, i) => {
    if (message.role !== "tool_call") return;
    calls++;
    const next = messages[i + 1];
    if (next === undefined || next.role === "tool_call") return;
    let answers = 0;
    while (messages[i + 1 + answers]?.role === "tool") answers++;
    if (answers !== calls) {
      const last = messages[i + answers] ?? message;
      const counted = `${answers} ${answers === 1 ? "answer" : "answers"} to ${calls} ${calls === 1 ? "call" : "calls"}`;
      faults.push(warning(fieldOf(last), counted, "give each call its answer, in the same order"));
    }
    calls = 0;
  });
  return faults;
}
