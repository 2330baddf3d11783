/** What is wrong with a row, in the terms of the person who wrote it. */
export interface RowFault {
  /** error: ms-swift deletes the row without a word, or trains nothing with it. */
  readonly severity: "error" | "warning";
  /** `messages[2].content`; empty for the whole row. */
  readonly field: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface RowFacts {
  readonly faults: readonly RowFault[];
  /** Roles after normalisation, in order. */
  readonly roles: readonly string[];
  readonly toolCount: number;
}

interface Message {
  readonly role: string;
  readonly content: unknown;
  readonly index: number;
}

/** Roles that ms-swift 3.7.1 accepts, and the ones it turns into them. */
const roleNames: Readonly<Record<string, string>> = {
  system: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  bot: "assistant",
  tool_call: "tool_call",
  function_call: "tool_call",
  tool_response: "tool",
  function_response: "tool",
  observation: "tool",
  observations: "tool",
  tool: "tool",
};

/**
 * Checks one line of a jsonl file by the rules of ms-swift 3.7.1's loader and agent templates, and by the format of the
 * notes, which is stricter: contents of tool_call and tool_response are JSON strings.
 */
export function checkRow(line: string): RowFacts {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/,? ?"?\.{3}.*$/s, "") : "not JSON";
    return broken("", `not JSON: ${reason}`, "write one JSON object a line, without line breaks in it");
  }
  if (!isMap(value)) return broken("", "not a JSON object", 'write {"messages": […]}');
  const key = "messages" in value ? "messages" : "conversations" in value ? "conversations" : undefined;
  if (key === undefined) return broken("messages", "there is no messages", "add messages: a list of {role, content}");
  const list = value[key];
  if (!Array.isArray(list) || list.length === 0) {
    return broken(key, "not a list with entries", "write a list of {role, content}");
  }
  const { messages, faults } = readMessages(list, key);
  const tools = readTools(value.tools);
  const all = [...faults, ...tools.faults];
  // Without its roles there is no order to check.
  if (faults.length === 0) {
    all.push(
      ...checkOrder(messages, key),
      ...checkCalls(messages, key, tools.faults.length === 0 ? tools.names : undefined),
    );
  }
  return { faults: all, roles: messages.map(message => message.role), toolCount: tools.count };
}

function broken(field: string, reason: string, remedy: string): RowFacts {
  return { faults: [error(field, reason, remedy)], roles: [], toolCount: 0 };
}

function readMessages(list: readonly unknown[], key: string): { messages: Message[]; faults: RowFault[] } {
  const messages: Message[] = [];
  const faults: RowFault[] = [];
  list.forEach((entry, index) => {
    const at = `${key}[${index}]`;
    if (!isMap(entry)) {
      faults.push(error(at, "not an object", "write {role, content}"));
      return;
    }
    const role = entry.role ?? entry.from;
    const content = "content" in entry ? entry.content : entry.value;
    const known = typeof role === "string" && Object.hasOwn(roleNames, role) ? roleNames[role] : undefined;
    if (known === undefined) {
      const names = "system, user, assistant, tool_call, tool_response";
      faults.push(error(`${at}.role`, `role ${JSON.stringify(role) ?? "is missing"}`, `write one of ${names}`));
      return;
    }
    if (content === undefined || content === null) {
      faults.push(
        error(`${at}.content`, "there is no content", "write a text; tool calls have a role of their own, tool_call"),
      );
      return;
    }
    messages.push({ role: known, content, index });
  });
  return { messages, faults };
}

interface Tools {
  readonly names: ReadonlySet<string>;
  readonly count: number;
  readonly faults: readonly RowFault[];
}

function readTools(value: unknown): Tools {
  if (value === undefined || value === null || value === "") return { names: new Set(), count: 0, faults: [] };
  const none = { names: new Set<string>(), count: 0 };
  if (typeof value !== "string") {
    return {
      ...none,
      faults: [
        error("tools", "not a text", "write the list as a JSON string: json.dumps(tools); all rows must have one type"),
      ],
    };
  }
  const parsed = parseJson(value);
  if (parsed === undefined) {
    const advice = "write it with json.dumps(tools, ensure_ascii=False), not with str(tools)";
    return { ...none, faults: [error("tools", "the text is not JSON", advice)] };
  }
  const list = Array.isArray(parsed) ? parsed : [parsed];
  const faults: RowFault[] = [];
  const names = new Set<string>();
  list.forEach((tool, index) => {
    const at = `tools[${index}]`;
    const body = isMap(tool) && isMap(tool.function) ? tool.function : tool;
    const name = isMap(body) ? body.name : undefined;
    if (!isMap(body) || typeof name !== "string" || name === "") {
      faults.push(
        error(
          `${at}.function.name`,
          "there is no name",
          "write {type: function, function: {name, description, parameters}}",
        ),
      );
      return;
    }
    if (typeof body.description !== "string") {
      faults.push(
        warning(
          `${at}.function.description`,
          `tool ${name} has no description`,
          "add one: some templates refuse the row without",
        ),
      );
    }
    if (names.has(name)) faults.push(error(at, `tool ${name} stands twice`, "give each tool its own name"));
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
      faults.push(
        warning(
          `${at}.function.name`,
          `name ${name}`,
          "use letters, digits, _ and -, at most 64: servers refuse others",
        ),
      );
    }
    names.add(name);
  });
  return { names, count: list.length, faults };
}

/** After merging neighbours: user or tool in turn with assistant, system only first, something to learn last. */
function checkOrder(messages: readonly Message[], key: string): RowFault[] {
  const faults: RowFault[] = [];
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1]?.role;
    const at = `${key}[${message.index}]`;
    if (message.role === "system" && i > 0) {
      faults.push(error(at, "system is not the first message", "move it to the front, or make it user"));
    }
    const isAfterCall = before === "assistant" || before === "tool_call" || before === "tool";
    if (message.role === "tool" && !isAfterCall) {
      faults.push(error(at, "a tool's answer without a call before it", "put the tool_call in front of it"));
    }
    if (message.role === "user" && before === "tool") {
      faults.push(error(at, "user right after a tool's answer", "add the assistant's reply between them"));
    }
  }
  const last = messages.at(-1);
  if (last && last.role !== "assistant" && last.role !== "tool_call") {
    faults.push(
      error(
        `${key}[${last.index}]`,
        `the last message is of ${last.role}: nothing is learned`,
        "end with assistant or tool_call",
      ),
    );
  }
  if (last?.role === "assistant" && last.content === "") {
    faults.push(
      error(`${key}[${last.index}].content`, "the last reply is empty: nothing is learned", "write the reply"),
    );
  }
  return faults;
}

function checkCalls(messages: readonly Message[], key: string, tools: ReadonlySet<string> | undefined): RowFault[] {
  const faults: RowFault[] = [];
  let calls = 0;
  let answers = 0;
  for (const [i, message] of messages.entries()) {
    const at = `${key}[${message.index}].content`;
    if (message.role === "tool_call") {
      if (messages[i - 1]?.role !== "tool_call") [calls, answers] = [0, 0];
      calls++;
      faults.push(...checkCall(message.content, at, tools));
    } else if (message.role === "tool") {
      answers++;
      if (typeof message.content !== "string" || parseJson(message.content) === undefined) {
        faults.push(
          error(at, "a tool's answer that is not a JSON string", "write json.dumps(answer, ensure_ascii=False)"),
        );
      }
      const isLastAnswer = messages[i + 1]?.role !== "tool";
      if (isLastAnswer && calls > 0 && calls !== answers) {
        faults.push(
          warning(at, `${answers} answers to ${calls} calls`, "give each call its answer, in the same order"),
        );
      }
    } else if (typeof message.content !== "string") {
      // Parts beside texts: the loader of datasets 3.3 refuses the whole file, for a column has one type.
      faults.push(error(at, "content is not a text", "write a text"));
    }
  }
  return faults;
}

/** `tools` is undefined when the row's tools could not be read: that has its own error. */
function checkCall(content: unknown, at: string, tools: ReadonlySet<string> | undefined): RowFault[] {
  const call = typeof content === "string" ? parseJson(content) : undefined;
  if (!isMap(call)) {
    return [
      error(at, "a tool call that is not a JSON object in a string", 'write json.dumps({"name": …, "arguments": {…}})'),
    ];
  }
  const faults: RowFault[] = [];
  const inner = call.arguments ?? call.parameters;
  const parsed = typeof inner === "string" ? parseJson(inner) : inner;
  if (typeof call.name !== "string") {
    faults.push(error(at, "a tool call without name", 'write {"name": …, "arguments": {…}}'));
  } else if (tools?.size === 0) {
    faults.push(
      error(
        at,
        `a call of ${call.name}, but the row has no tools`,
        "add tools: the model would learn to call what it was not shown",
      ),
    );
  } else if (tools && !tools.has(call.name)) {
    faults.push(
      error(
        at,
        `a call of ${call.name}, which is not in tools`,
        `write one of ${[...tools].join(", ")}, or add it to tools`,
      ),
    );
  }
  if (!isMap(parsed)) faults.push(error(at, "arguments is not an object", 'write "arguments": {…}'));
  return faults;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function error(field: string, reason: string, remedy: string): RowFault {
  return { severity: "error", field, reason, remedy };
}

function warning(field: string, reason: string, remedy: string): RowFault {
  return { severity: "warning", field, reason, remedy };
}
