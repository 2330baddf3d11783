import { columnOf, layoutOf, rivals } from "./columns";
import { error, type RowFault, warning } from "./fault";
import type { Format } from "./format";
import { isMap, type JsonMap, kindOf, own, parseJson } from "./json";

/** A message as ms-swift sees it, and where it stands in the row. */
export interface Message {
  readonly role: Role;
  readonly content: unknown;
  /** `messages[2]` */
  readonly field: string;
  /** Of 4.x: whether the message is learned, if the row says so. */
  readonly loss?: unknown;
}
export type Role = "system" | "user" | "assistant" | "tool_call" | "tool";

export interface ReadMessages {
  readonly messages: readonly Message[];
  readonly faults: readonly RowFault[];
}

/** Roles that are accepted, and what they become. A hyphen counts as an underscore in the names of tools' roles. */
const roles: Readonly<Record<string, Role>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  bot: "assistant",
  tool_call: "tool_call",
  function_call: "tool_call",
  "function-call": "tool_call",
  tool_response: "tool",
  function_response: "tool",
  "function-response": "tool",
  observation: "tool",
  observations: "tool",
  tool: "tool",
};

/** The conversation of a row, whichever way the row holds it. */
export function readMessages(row: JsonMap, format: Format): ReadMessages {
  const layout = layoutOf(row);
  const read = layout === "messages" ? listed(row, format) : answered(row, layout === "alpaca");
  const system = columnOf(row, "system");
  const first = read.messages[0];
  if (typeof system?.value !== "string" || first === undefined || first.role === "system") return read;
  return { ...read, messages: [{ role: "system", content: system.value, field: system.name }, ...read.messages] };
}

function listed(row: JsonMap, format: Format): ReadMessages {
  const several = rivals(row, "messages");
  const column = columnOf(row, "messages");
  if (column === undefined) {
    const reason = `${several.join(" and ")} stand side by side, so that neither is read`;
    return { messages: [], faults: [error(several[0] ?? "", reason, "keep one of them, as messages")] };
  }
  const { name } = column;
  const isText = typeof column.value === "string" && format.takesStructures;
  const list = isText ? parseJson(String(column.value)) : column.value;
  if (!Array.isArray(list) || list.length === 0) {
    const reason = Array.isArray(list) ? "an empty list" : `${kindOf(column.value)} instead of a list`;
    return { messages: [], faults: [error(name, reason, "write a list of {role, content}")] };
  }
  const [head] = list;
  if (isMap(head) && ["role", "from", "content", "value"].every(key => !Object.hasOwn(head, key)))
    return pairs(list, name);
  const parts = list.map((entry, index) => message(entry, `${name}[${index}]`, format));
  return { messages: parts.flatMap(part => part.messages), faults: parts.flatMap(part => part.faults) };
}

/** ShareGPT's way: a list of {user, assistant}. */
function pairs(list: readonly unknown[], name: string): ReadMessages {
  const messages: Message[] = [];
  const faults: RowFault[] = [];
  list.forEach((entry, index) => {
    const field = `${name}[${index}]`;
    const names = isMap(entry) ? Object.keys(entry) : [];
    const of = (role: Role): string | undefined => names.find(key => own(roles, key) === role);
    const [user, assistant] = [of("user"), of("assistant")];
    if (!isMap(entry) || user === undefined || assistant === undefined) {
      faults.push(error(field, "neither role and content nor a pair of user and assistant", "write {role, content}"));
      return;
    }
    messages.push({ role: "user", content: entry[user], field: `${field}.${user}` });
    messages.push({ role: "assistant", content: entry[assistant], field: `${field}.${assistant}` });
  });
  return { messages, faults };
}

function message(entry: unknown, field: string, format: Format): ReadMessages {
  if (!isMap(entry))
    return { messages: [], faults: [error(field, `${kindOf(entry)} instead of an object`, "write {role, content}")] };
  const given = own(entry, "role") ?? own(entry, "from");
  const role = typeof given === "string" && Object.hasOwn(roles, given) ? roles[given] : undefined;
  if (role === undefined) {
    const reason =
      given === undefined
        ? "there is no role"
        : `role ${typeof given === "string" ? JSON.stringify(given).slice(0, 80) : kindOf(given)}`;
    return {
      messages: [],
      faults: [error(`${field}.role`, reason, "write one of system, user, assistant, tool_call, tool_response")],
    };
  }
  const loss = own(entry, "loss");
  const content = Object.hasOwn(entry, "content") ? entry.content : own(entry, "value");
  const calls = own(entry, "tool_calls");
  if (role === "assistant" && Array.isArray(calls) && calls.length > 0)
    return openAi(calls, content, field, format, loss);
  if (content === undefined || content === null) {
    const advice = "write a text; tool calls have a role of their own, tool_call";
    return { messages: [], faults: [error(`${field}.content`, "there is no content", advice)] };
  }
  return { messages: [{ role, content, field, ...(loss !== undefined && { loss }) }], faults: [] };
}

/** `tool_calls` of the OpenAI API. Before 4.5 the key is dropped without a word, and with it the call. */
function openAi(
  calls: readonly unknown[],
  content: unknown,
  field: string,
  format: Format,
  loss: unknown,
): ReadMessages {
  if (!format.takesOpenAiCalls) {
    const reason = `tool_calls, which ms-swift ${format.version} drops without a word`;
    const remedy =
      'write each call as a message: {"role": "tool_call", "content": json.dumps({"name": …, "arguments": {…}})}';
    return { messages: [], faults: [error(`${field}.tool_calls`, reason, remedy)] };
  }
  const learned = loss === undefined ? {} : { loss };
  const said: Message[] = content ? [{ role: "assistant", content, field, ...learned }] : [];
  const called = calls.map((call, index): Message => {
    const inner = isMap(call) && isMap(call.function) ? call.function : call;
    return { role: "tool_call", content: inner, field: `${field}.tool_calls[${index}]`, ...learned };
  });
  return { messages: [...said, ...called], faults: [] };
}

/** A question and an answer in columns of their own, perhaps with the talk before them. */
function answered(row: JsonMap, isAlpaca: boolean): ReadMessages {
  const faults = (isAlpaca ? (["response"] as const) : (["query", "response"] as const)).flatMap(column => {
    const several = rivals(row, column);
    const reason = `${several.join(" and ")} stand side by side, so that none of them is read`;
    return several.length > 0 ? [error(several[0] ?? "", reason, `keep one of them, as ${column}`)] : [];
  });
  const { messages, faults: wrong } = history(own(row, "history"));
  faults.push(...wrong);
  const query = isAlpaca ? instruction(row) : columnOf(row, "query");
  const response = columnOf(row, "response");
  if (query?.value !== undefined && query.value !== null)
    messages.push({ role: "user", content: query.value, field: query.name });
  const reply = Array.isArray(response?.value) ? response.value[0] : response?.value;
  if (Array.isArray(response?.value) && response.value.length > 1) {
    faults.push(warning(response.name, "several answers, of which one is trained", "write a row for each"));
  }
  if (response && reply !== undefined && reply !== null) {
    messages.push({ role: "assistant", content: reply, field: response.name });
  }
  if (messages.length === 0 && faults.length === 0) {
    faults.push(error("messages", "there is no messages", "add messages: a list of {role, content}"));
  }
  return { messages, faults };
}

function instruction(row: JsonMap): { name: string; value: unknown } {
  const parts = [own(row, "instruction"), own(row, "input")].filter(part => part !== null && part !== "");
  return { name: "instruction", value: parts.length === 2 ? parts.join("\n") : parts[0] };
}

function history(value: unknown): { messages: Message[]; faults: RowFault[] } {
  if (value === undefined || value === null || value === "") return { messages: [], faults: [] };
  const list = typeof value === "string" ? parseJson(value) : value;
  const isPair = (entry: unknown): entry is unknown[] => Array.isArray(entry) && entry.length >= 2;
  if (!Array.isArray(list) || !list.every(isPair)) {
    return { messages: [], faults: [error("history", "not a list of pairs", "write [[question, answer], …]")] };
  }
  const messages = list.flatMap((pair, index): Message[] =>
    (["user", "assistant"] as const).flatMap((role, side) => {
      const content = pair[side];
      return content === null || content === undefined ? [] : [{ role, content, field: `history[${index}][${side}]` }];
    }),
  );
  return { messages, faults: [] };
}
