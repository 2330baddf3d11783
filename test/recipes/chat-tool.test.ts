import { execFile } from "node:child_process";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { toolsFolder } from "../support/nodes";

interface Message {
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly tool_calls?: readonly object[];
}

interface Behaviour {
  /** Answers to GET /v1/models before it lists the model. */
  readonly notReady?: number;
  readonly served?: string;
  readonly answering?: string;
  readonly key?: string;
  readonly message?: Message;
  /** Deltas of a streamed answer, each sent by itself; the text `CUT` ends the connection there. */
  readonly deltas?: readonly (Message | "CUT")[];
  /** An event in place of the deltas. */
  readonly event?: object;
}

interface Exchange {
  readonly name: string;
  readonly reply: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
  readonly toolCallProblem?: string;
  readonly firstTokenSeconds: number | null;
  readonly tokensPerSecond: number | null;
}

interface Result {
  readonly ok: boolean;
  readonly reply?: string;
  readonly faults: string[];
  readonly exchanges?: Exchange[];
  readonly firstTokenSeconds?: number | null;
}

const tools = [{ type: "function", function: { name: "realtime_aqi", parameters: { type: "object" } } }];

/** Sends the deltas as vLLM does: a chunk each, the last with the token counts, and [DONE]. */
async function stream(response: http.ServerResponse, { deltas = [], answering = "glm", event }: Behaviour) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const send = (body: object | string): Promise<void> =>
    new Promise(sent => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      // In two halves, as a network may: an event is a line, not a packet.
      response.write(`data: ${text.slice(0, 9)}`, () => response.write(`${text.slice(9)}\n\n`, () => sent()));
    });
  if (event) await send(event);
  await send({ model: answering, choices: [{ index: 0, delta: { role: "assistant", content: "" } }] });
  for (const delta of deltas) {
    if (delta === "CUT") return response.end();
    await send({ model: answering, choices: [{ index: 0, delta }] });
  }
  await send({ model: answering, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  await send({ model: answering, choices: [], usage: { completion_tokens: deltas.length } });
  await send("[DONE]");
  response.end();
}

/** A stand-in for a server with the OpenAI API. */
async function ask(behaviour: Behaviour, exchanges: readonly object[], key?: string) {
  let early = behaviour.notReady ?? 0;
  const requests: Record<string, unknown>[] = [];
  const server = http.createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    if (behaviour.key && request.headers.authorization !== `Bearer ${behaviour.key}`) return send(401, {});
    if (request.method === "GET") {
      if (early-- > 0) return send(503, {});
      return send(200, { data: [{ id: behaviour.served ?? "glm" }] });
    }
    let text = "";
    request.on("data", piece => (text += piece));
    request.on("end", () => {
      const asked = JSON.parse(text) as Record<string, unknown>;
      requests.push(asked);
      if (asked.stream) return void stream(response, behaviour);
      send(200, {
        model: behaviour.answering ?? "glm",
        choices: [{ message: behaviour.message ?? { content: "你好" }, finish_reason: "stop" }],
        usage: { completion_tokens: 2 },
      });
    });
  });
  await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const plan = JSON.stringify({ model: "glm", answering: ["glm", "vx-hf"], exchanges });
  const url = `http://127.0.0.1:${port}`;
  const argv = [path.join(toolsFolder, "chat.py"), "--url", url, "--plan", plan, "--timeout-seconds", "20"];
  // A proxy that is not there: the tool must not use it.
  const env = { ...process.env, http_proxy: "http://127.0.0.1:9", ...(key ? { MUSTER_API_KEY: key } : {}) };
  const output = await new Promise<string>(done => {
    execFile("python3", ["-B", ...argv], { env }, (_error, stdout) => done(stdout));
  });
  await new Promise(done => server.close(done));
  return { result: JSON.parse(output) as Result, requests };
}

const messages = [{ role: "user", content: "hi" }];
const chat = { name: "chat", request: { model: "glm", messages } };
const streamed = { name: "chat-streamed", request: { model: "glm", messages, stream: true } };
const toolCall = { name: "tool-call", request: { model: "glm", messages, tools }, toolCall: "require" };
const toolCallStreamed = { ...toolCall, name: "tool-call-streamed", request: { ...toolCall.request, stream: true } };
const reasoning = { name: "reasoning", request: { model: "glm", messages }, reasoning: "require" };

test("waits until the model is served, and gives the reply with its tokens", async () => {
  const { result, requests } = await ask({ notReady: 1 }, [chat]);
  expect(result).toMatchObject({ ok: true, reply: "你好", faults: [], model: "glm" });
  expect(result.exchanges?.[0]).toMatchObject({ replyTokens: 2, firstTokenSeconds: null });
  expect(requests).toHaveLength(1);
});

test("a streamed reply is put together, with the time of its first token", async () => {
  const { result } = await ask({ deltas: [{ content: "你" }, { content: "好" }, { content: "！" }] }, [chat, streamed]);
  expect(result.exchanges?.map(one => one.reply)).toEqual(["你好", "你好！"]);
  const [, second] = result.exchanges ?? [];
  expect(second?.firstTokenSeconds).toEqual(expect.any(Number));
  expect(second?.tokensPerSecond).toBeGreaterThan(0);
  expect(result.firstTokenSeconds).toBe(second?.firstTokenSeconds);
});

test("a tool call in pieces is put together: two calls, their arguments in halves", async () => {
  const deltas = [
    { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "realtime_aqi", arguments: "" } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"city": ' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '"北京"}' } }] },
    { tool_calls: [{ index: 1, id: "b", function: { name: "realtime_aqi", arguments: '{"city": "上海"}' } }] },
  ];
  const { result } = await ask({ deltas }, [toolCallStreamed]);
  expect(result.faults).toEqual([]);
  expect(result.exchanges?.[0]?.toolCalls.map(call => call.function)).toEqual([
    { name: "realtime_aqi", arguments: '{"city": "北京"}' },
    { name: "realtime_aqi", arguments: '{"city": "上海"}' },
  ]);
});

test("swift deploy's call without an index, and its own name for the model, are read too", async () => {
  const call = { id: "a", type: "function", function: { name: "realtime_aqi", arguments: '{"city": "北京"}' } };
  const { result } = await ask({ answering: "vx-hf", deltas: [{ content: "<tool_call>…" }, { tool_calls: [call] }] }, [
    toolCallStreamed,
  ]);
  expect(result.faults).toEqual([]);
});

test.each<[string, Message, string]>([
  [
    "stays text",
    { content: '<tool_call>{"name": "realtime_aqi"' },
    "came back as text: the server's parser does not read",
  ],
  ["does not come", { content: "晴天" }, "the model answered without calling the tool"],
  ["has broken arguments", { tool_calls: [{ function: { name: "realtime_aqi", arguments: "{" } }] }, "are no JSON"],
  ["is of another tool", { tool_calls: [{ function: { name: "weather", arguments: "{}" } }] }, "'weather' was called"],
])("a tool call that %s is told", async (_name, message, reason) => {
  const { result } = await ask({ message }, [toolCall]);
  expect(result.ok).toBe(false);
  expect(result.faults).toEqual([expect.stringContaining(reason)]);
  expect(result.faults[0]).toMatch(/^tool-call: /);
  const reported = await ask({ message }, [{ ...toolCall, toolCall: "report" }]);
  expect(reported.result.ok).toBe(true);
  expect(reported.result.exchanges?.[0]?.toolCallProblem).toContain(reason);
});

test.each<[string, Message]>([
  ["vLLM before 0.12 and SGLang", { reasoning_content: "嗯", content: "好" }],
  ["vLLM from 0.12 on", { reasoning: "嗯", content: "好" }],
])("reasoning is found under the name of %s", async (_name, message) => {
  const { result } = await ask({ message }, [reasoning]);
  expect(result.faults).toEqual([]);
  expect(result.exchanges?.[0]?.reasoning).toBe("嗯");
});

test.each<[string, Message, string]>([
  ["inside the answer", { content: "<think>嗯</think>好" }, "the thinking came back inside the answer"],
  ["nowhere", { content: "好" }, "the model answered without thinking"],
])("reasoning that is %s is told", async (_name, message, reason) => {
  const { result } = await ask({ message }, [reasoning]);
  expect(result.faults).toEqual([expect.stringContaining(reason)]);
});

test.each<[string, Behaviour, string]>([
  ["breaks off", { deltas: [{ content: "你" }, "CUT"] }, "the stream broke off before its end"],
  ["tells an error", { event: { error: { message: "engine is dead" } } }, "engine is dead"],
])("a stream that %s is a fault", async (_name, behaviour, reason) => {
  const { result } = await ask(behaviour, [streamed]);
  expect(result.faults).toEqual([expect.stringContaining(reason)]);
});

test("the key goes in the header, and a wrong one is told at once", async () => {
  expect((await ask({ key: "k1" }, [chat], "k1")).result.ok).toBe(true);
  expect((await ask({ key: "k1" }, [chat], "k2")).result.faults[0]).toContain("the API key is not the server's");
});

test.each<[string, Behaviour, string]>([
  ["another model is served", { served: "old" }, "the server offers old, not glm"],
  ["another model answers", { answering: "old" }, "old has answered, glm was asked"],
  ["the reply is empty", { message: { content: "" } }, "the reply is empty"],
])("fails when %s", async (_name, behaviour, reason) => {
  const { result } = await ask(behaviour, [chat]);
  expect(result.ok).toBe(false);
  expect(result.faults[0]).toContain(reason);
});

test("long replies fit what is read back of a result: 64 KiB", async () => {
  const content = "长".repeat(30_000);
  const { result } = await ask({ message: { content, reasoning_content: content } }, [
    chat,
    reasoning,
    chat,
    chat,
    chat,
  ]);
  expect(result.ok).toBe(true);
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(65536);
});
