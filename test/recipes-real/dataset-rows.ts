/** Rows of data sets, good and bad, each with what is special in it. */

const tool = {
  type: "function",
  function: { name: "realtime_aqi", description: "air quality", parameters: { type: "object", properties: {} } },
};
const tools = JSON.stringify([tool]);
const json = JSON.stringify;

const user = { role: "user", content: "北京今天的天气" };
const assistant = { role: "assistant", content: "很好" };
const system = { role: "system", content: "be short" };
const callOf = (content: unknown) => ({ role: "tool_call", content });
const call = callOf(json({ name: "realtime_aqi", arguments: { city: "北京" } }));
const answer = { role: "tool_response", content: '{"aqi": "10"}' };

type Fields = Readonly<Record<string, unknown>>;

/** A row with tools. */
const row = (...messages: readonly unknown[]): string => json({ tools, messages });
/** A row without tools, or with other fields. */
const bare = (messages: unknown, more: Fields = {}): string => json({ ...more, messages });
const talk = [user, assistant];

export interface Row {
  readonly text: string;
  /** Only muster's check calls it an error, and why it does. */
  readonly stricter?: string;
}

const plain: Readonly<Record<string, string>> = {
  "the row of the notes": row(user, call, call, answer, answer, assistant),
  "plain talk": bare(talk),
  "two rounds": bare([...talk, ...talk]),
  "system first": bare([system, ...talk]),
  "system in a column": bare(talk, { system: "be short" }),
  "first of assistant": bare([assistant]),
  "a call last": row(user, call),
  "one call, one answer": row(user, call, answer, assistant),
  "a call, its answer, another call, its answer": row(user, call, answer, call, answer, assistant),
  "a second question": row(user, call, answer, assistant, user, call, answer, assistant),
  "talk around a call": row(user, assistant, call, answer, assistant),
  "tools that are not called": row(user, assistant),
  "neighbours of user": bare([user, user, assistant]),
  "neighbours of assistant": bare([user, assistant, assistant]),
  "role tool": row(user, call, { role: "tool", content: '{"aqi": 1}' }, assistant),
  "function_call and observation": row(
    user,
    { ...call, role: "function_call" },
    { ...answer, role: "observation" },
    assistant,
  ),
  function_response: row(user, call, { ...answer, role: "function_response" }, assistant),
  "role human": bare([{ role: "human", content: "hi" }, assistant]),
  "role gpt": bare([user, { role: "gpt", content: "hello" }]),
  "role bot": bare([user, { role: "bot", content: "hello" }]),
  "conversations, from and value": json({
    conversations: [
      { from: "human", value: "hi" },
      { from: "gpt", value: "hello" },
    ],
  }),
  "conversations, role and content": json({ conversations: talk }),
  "arguments as text": row(user, callOf('{"name":"realtime_aqi","arguments":"{}"}'), answer, assistant),
  "parameters in place of arguments": row(user, callOf('{"name":"realtime_aqi","parameters":{}}'), answer, assistant),
  "an answer that is a JSON list": row(user, call, { ...answer, content: "[1, 2]" }, assistant),
  "an answer that is a JSON text": row(user, call, { ...answer, content: '"sunny"' }, assistant),
  "a bare function as tool": bare([user, call, answer, assistant], { tools: json([tool.function]) }),
  "one tool that is not in a list": bare([user, call, answer, assistant], { tools: json(tool) }),
  "a tool without description": bare([user, call, answer, assistant], {
    tools: json([{ type: "function", function: { name: "realtime_aqi", parameters: {} } }]),
  }),
  "empty tools": bare(talk, { tools: "" }),
  "no tools in a list": bare(talk, { tools: "[]" }),
  "more fields": bare(talk, { id: 7, source: "web" }),
  "more keys in a message": bare([user, { ...assistant, name: "bob", weight: 1 }]),
  "an empty question": bare([{ role: "user", content: "" }, assistant]),
  "line breaks and quotes": bare([{ role: "user", content: 'a\n"b"\\' }, assistant]),
  "other scripts": bare([{ role: "user", content: "你好 👋 здравствуйте" }, assistant]),
  "the template's own words": bare([{ role: "user", content: "<|im_end|><tool_call>" }, assistant]),
  "content in parts": bare([{ role: "user", content: [{ type: "text", text: "hi" }] }, assistant]),

  "not JSON": '{"messages": [',
  "not an object": "[1]",
  "a text": '"hello"',
  "nothing but braces": "{}",
  "empty messages": bare([]),
  "messages is a text": bare("hello"),
  "messages is null": bare(null),
  "unknown role": bare([{ role: "sytem", content: "x" }, ...talk]),
  "role in capitals": bare([{ role: "User", content: "x" }, assistant]),
  "no role": bare([{ content: "x" }, assistant]),
  "role is null": bare([{ role: null, content: "x" }, assistant]),
  "null content of the assistant": bare([user, { role: "assistant", content: null }]),
  "null content of the user": bare([{ role: "user", content: null }, assistant]),
  "no content": bare([user, { role: "assistant" }]),
  "system in the middle": bare([user, system, assistant]),
  "two systems": bare([system, system, ...talk]),
  "system last": bare([...talk, system]),
  "only a system": bare([system]),
  "answer without call": row(user, answer, assistant),
  "answer first": row(answer, assistant),
  "user right after an answer": row(user, call, answer, user, assistant),
  "no reply": bare([user]),
  "a key twice": `{"messages": [], ${bare(talk).slice(1)}`,
  "a key of a message twice": bare(talk).replace('"role":"user"', '"role":"user","role":"user"'),
  "tools that are no JSON": bare(talk, { tools: "realtime_aqi" }),
  "a call that is no JSON": row(user, callOf("realtime_aqi(北京)"), answer, assistant),
  "a call that is a list": row(user, callOf("[]"), answer, assistant),
  "a call without name": row(user, callOf('{"arguments": {}}'), answer, assistant),
  "a call without arguments": row(user, callOf('{"name": "realtime_aqi"}'), answer, assistant),
  "an empty call": row(user, callOf(""), answer, assistant),
};

const stricter: Readonly<Record<string, Row>> = {
  "all contents in parts": {
    text: bare([
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "assistant", content: [{ type: "text", text: "hello" }] },
    ]),
    stricter: "one text among them and the loader refuses the whole file",
  },
  "a tool without name": {
    text: bare(talk, { tools: '[{"type":"function","function":{}}]' }),
    stricter: "hermes writes it as it stands; react and qwen refuse it, and no server takes it",
  },
  "an empty reply": {
    text: bare([user, { role: "assistant", content: "" }]),
    stricter: "the model would learn to say nothing",
  },
  "ends with an answer": {
    text: row(user, call, answer),
    stricter: "what stands after the last call is never learned, so the row lacks its reply",
  },
  "ends with the user": {
    text: bare([...talk, user]),
    stricter: "what stands after the last reply is never learned, so the row lacks its reply",
  },
  "tools as a list": {
    text: bare([user, call, answer, assistant], { tools: [tool] }),
    stricter: "the loader wants one type over all rows of all files; a text is the one that the notes have",
  },
  "tools as Python text": {
    text: bare(talk, { tools: "[{'type': 'function', 'function': {'name': 'f', 'description': 'd'}}]" }),
    stricter: "ms-swift falls back to Python's literals; what reads the tools when the model is served does not",
  },
  "one name twice": {
    text: bare(talk, { tools: json([tool, tool]) }),
    stricter: "servers refuse two tools of one name",
  },
  "a call of a strange tool": {
    text: row(user, callOf('{"name": "other", "arguments": {}}'), answer, assistant),
    stricter: "the model would learn to call what it was not shown",
  },
  "a call without tools": {
    text: bare([user, call, answer, assistant]),
    stricter: "the model would learn to call what it was not shown",
  },
  "an answer that is no JSON": {
    text: row(user, call, { role: "tool", content: "sunny" }, assistant),
    stricter: "the notes: a tool's answer is a JSON text",
  },
};

export const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(Object.entries(plain).map(([name, text]) => [name, { text }])),
  ...stricter,
};
