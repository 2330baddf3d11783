import { output } from "../acceptance/muster";
import { until } from "../support/command";
import { edit, failingUp, node1, node2, processesOf, up } from "./run";

const undo: (() => void)[] = [];
/** The cluster file as it was, and the server of the demo with it: each test begins with one that serves. */
afterEach(async () => {
  if (undo.length === 0) return;
  while (undo.length > 0) undo.pop()?.();
  await up();
});

/** Another server in the cluster file: these lines in place of those below `serve:`. */
function serving(...lines: readonly string[]): void {
  const text = ["engine: vllm", "port: 6060", "maxModelLen: 1024", "stopForTraining: true", ...lines];
  const back = edit("stacks/dev.yaml", file =>
    file.replace(/^ {2}serve:\n[\s\S]*?(?=^ {2}smoke:)/m, `  serve:\n${text.map(line => `    ${line}\n`).join("")}`),
  );
  undo.push(back);
}

const url = async (): Promise<URL> => new URL(String(await output("url")));

describe("a server", () => {
  test("over two nodes ends on both when one loses its engine, and comes back with the next up", async () => {
    serving(
      "nodes: [node-1, node-2]",
      "gpus: [0, 1]",
      "dataParallel: 2",
      "tensorParallel: 2",
      "servedModelName: two",
      "toolCallParser: hermes",
    );
    await up();
    const [engine] = await processesOf(node2, "serve");
    expect(engine).toBeDefined();
    // Both nodes' GPUs are in use, and the API of the first answers with both behind it.
    for (const node of [node1, node2]) expect(await node.ask("nvidia-smi | grep -c '78000MiB\\|78000 MiB'")).toBe("2");
    expect(await output("steps")).toMatchObject({ serve: "ready", smoke: "completed" });

    await node2.ask(`kill -9 ${engine}`);
    for (const node of [node1, node2]) {
      await until("no process of the server is left", async () => (await processesOf(node, "serve")).length === 0, 60);
    }
    const record = () => node1.sh("cat /var/lib/muster/dev/jobs/serve/done");
    const told = await until("its end is recorded", async () => (await record()).stdout.trim() || undefined, 60);
    expect(told).toMatch(/^failed \d+ 1 137/);
    await up();
    expect(await processesOf(node2, "serve")).toHaveLength(1);
  });

  test("is not started where another one answers", async () => {
    const { hostname, port } = await url();
    // The demo's server has to go first, or nobody else could listen there.
    const [engine] = await processesOf(node1, "serve");
    await node1.ask(`kill ${engine}`);
    await until("the server has ended", async () => (await processesOf(node1, "serve")).length === 0, 60);
    const other = `cd /tmp; nohup python3 -m http.server ${port} --bind ${hostname} >/dev/null 2>&1 & echo $!`;
    const pid = await node1.inContainer(`touch /tmp/health; ${other}`);
    await until(
      "the other server answers",
      async () => (await node1.sh(`curl -sf ${(await url()).origin}/health`)).code === 0,
      30,
    );
    try {
      expect(await failingUp()).toMatch(
        /another server answers at \S+:6060 already, so job serve cannot be started there[\s\S]*ss -ltnp 'sport = :6060'/,
      );
    } finally {
      await node1.inContainer(`kill ${pid}; rm /tmp/health`);
    }
    await up();
    expect(await output("steps")).toMatchObject({ serve: "ready", smoke: "completed" });
  });

  test("that is not ready in time is ended, and says how long it was waited for", async () => {
    serving("node: node-1", "gpus: [0]", "servedModelName: slow", "readyMinutes: 0.02");
    expect(await failingUp()).toMatch(/job serve: it was not ready within 1\.2 seconds\. It was ended on all hosts/);
    expect(await processesOf(node1, "serve")).toEqual([]);
  });

  test("with a parser of another version says so, with the remedy", async () => {
    // The file says a newer vLLM than the image has, so the plan cannot know.
    undo.push(edit("stacks/dev.yaml", text => text.replace("vllm: 0.10.0", "vllm: 0.10.1")));
    serving("node: node-1", "gpus: [0]", "reasoningParser: glm45");
    expect(await failingUp()).toMatch(
      /why: this version does not have the parser glm45[\s\S]*Remedy: names change with the version[\s\S]*image\.vllm/,
    );
  });

  test("whose length is above the model's is refused in the plan, with the number that fits", async () => {
    serving("node: node-1", "gpus: [0]", "servedModelName: long");
    undo.push(edit("stacks/dev.yaml", text => text.replace("maxModelLen: 1024", "maxModelLen: 999999")));
    expect(await failingUp()).toMatch(
      /no host was changed\n.*maxModelLen 999999\n\s*why: expected at most (\d+), the positions of the model\n\s*remedy: write \1/,
    );
  });
});
