import { execFile } from "node:child_process";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { toolsFolder } from "../support/nodes";

interface Behaviour {
  /** Answers to GET /v1/models before it lists the model. */
  readonly notReady?: number;
  readonly served?: string;
  readonly answering?: string;
  readonly content?: string | null;
  readonly key?: string;
}

interface Reply {
  readonly ok: boolean;
  readonly reply?: string;
  readonly replyTokens?: number;
  readonly faults?: string[];
}

/** A stand-in for a server with the OpenAI API. */
async function ask(behaviour: Behaviour, key?: string): Promise<{ result: Reply; posts: number }> {
  let early = behaviour.notReady ?? 0;
  let posts = 0;
  const server = http.createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    if (behaviour.key && request.headers.authorization !== `Bearer ${behaviour.key}`) return send(401, {});
    if (request.method === "GET") {
      if (early-- > 0) return send(503, {});
      return send(200, { data: [{ id: behaviour.served ?? "glm" }] });
    }
    posts++;
    const message = { role: "assistant", content: behaviour.content === undefined ? "你好" : behaviour.content };
    send(200, {
      model: behaviour.answering ?? "glm",
      choices: [{ message, finish_reason: "stop" }],
      usage: { completion_tokens: 2 },
    });
  });
  await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const request = JSON.stringify({ model: "glm", messages: [{ role: "user", content: "hi" }] });
  const argv = [
    path.join(toolsFolder, "chat.py"),
    "--url",
    `http://127.0.0.1:${port}`,
    "--request",
    request,
    "--timeout-seconds",
    "20",
  ];
  // A proxy that is not there: the tool must not use it.
  const env = { ...process.env, http_proxy: "http://127.0.0.1:9", ...(key ? { MUSTER_API_KEY: key } : {}) };
  const output = await new Promise<string>(done => {
    execFile("python3", ["-B", ...argv], { env }, (_error, stdout) => done(stdout));
  });
  await new Promise(done => server.close(done));
  return { result: JSON.parse(output), posts };
}

test("waits until the model is served, and gives the reply with its tokens", async () => {
  const { result, posts } = await ask({ notReady: 1 });
  expect(result).toMatchObject({ ok: true, reply: "你好", replyTokens: 2, model: "glm" });
  expect(posts).toBe(1);
});

test("the key goes in the header, and a wrong one is told at once", async () => {
  expect((await ask({ key: "k1" }, "k1")).result.ok).toBe(true);
  expect((await ask({ key: "k1" }, "k2")).result.faults?.[0]).toContain("the API key is not the server's");
});

test.each<[string, Behaviour, string]>([
  ["another model is served", { served: "old" }, "the server offers old, not glm"],
  ["another model answers", { answering: "old" }, "old has answered, glm was asked"],
  ["the reply is empty", { content: "" }, "the reply is empty"],
])("fails when %s", async (_name, behaviour, reason) => {
  const { result } = await ask(behaviour);
  expect(result.ok).toBe(false);
  expect(result.faults?.[0]).toContain(reason);
});
