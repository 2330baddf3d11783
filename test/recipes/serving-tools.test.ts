import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { toolsFolder } from "../support/nodes";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-serving-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A stand-in for a command: a Python program under its name, on the PATH. */
function program(name: string, body: string): void {
  fs.writeFileSync(path.join(folder, name), `#!/usr/bin/env python3\nimport sys, os, json, time, socket\n${body}`, {
    mode: 0o755,
  });
}

const env = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${folder}:${process.env.PATH}` });

function tool(name: string, ...argv: string[]) {
  const done = spawnSync("python3", ["-B", path.join(toolsFolder, name), ...argv], { encoding: "utf8", env: env() });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

async function listening(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = net.createServer(socket => socket.destroy());
  await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as net.AddressInfo;
  return { port, close: () => new Promise(done => server.close(() => done())) };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { port, close } = await listening();
  await close();
  return port;
}

describe("deploy.py", () => {
  const uvicorn = (port: string) =>
    `print("INFO:     Uvicorn running on http://127.0.0.1:" + ${port} + " (Press CTRL+C to quit)", flush=True)\n`;

  test("runs the server on its port", async () => {
    program("swift", uvicorn("sys.argv[2]"));
    const port = String(await freePort());
    expect(tool("deploy.py", "--port", port, "--", "swift", "--port", port)).toMatchObject({ code: 0, err: "" });
  });

  test("does not start when the port is taken", async () => {
    program("swift", "print('started')\n");
    const { port, close } = await listening();
    const done = tool("deploy.py", "--port", String(port), "--", "swift");
    await close();
    expect(done).toMatchObject({ code: 1, out: "" });
    expect(done.err).toContain(`port ${port} is taken`);
  });

  test("waits while connections of a server that has just ended fade away", () => {
    // Keeps the end of a connection that the server closed: for a while the port cannot be bound without SO_REUSEADDR.
    const fading = `
import socket
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port))
accepted = server.accept()[0]
accepted.close(); client.close(); server.close()
sys.path.insert(0, ${JSON.stringify(toolsFolder)})
import deploy
naps = []
deploy.time.sleep = lambda seconds: (naps.append(seconds), setattr(deploy, "binds", lambda port, reuse: True))
print(deploy.is_free(port), naps)
`;
    program("fading", fading);
    const done = spawnSync("python3", ["-B", path.join(folder, "fading")], { encoding: "utf8" });
    expect(done.stderr + done.stdout).toBe("True [1]\n");
  });

  test("ends a server that has moved to another port", async () => {
    // Deaf to nothing, but it would serve for an hour.
    program("swift", `${uvicorn("'9'")}time.sleep(3600)\n`);
    const done = tool("deploy.py", "--port", String(await freePort()), "--", "swift");
    expect(done.code).toBe(1);
    expect(done.err).toContain("the server went to port 9");
  });
});

describe("infer.py", () => {
  /** Adds to the result file, as `swift infer` does: an answer a row, without the rows that it cannot read. */
  const swift = `
q, a = sys.argv[1:3]
with open(a, "a") as out:
    for line in open(q):
        if line.strip() and "bad" not in line:
            out.write(json.dumps({"response": "yes", "messages": []}) + "\\n")
print("x" * 100)
`;
  const questions = () => path.join(folder, "q.jsonl");
  const answers = () => path.join(folder, "out", "a.jsonl");
  const infer = (identity = "1") =>
    tool(
      "infer.py",
      ...["--questions", questions(), "--output", answers(), "--identity", identity],
      ...["--", "swift", questions(), `${answers()}.partial`],
    );
  const last = (text: string) => JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;

  test("a second run of the same keeps the answers, and doubles nothing", () => {
    program("swift", swift);
    fs.writeFileSync(questions(), '{"q": 1}\n{"q": 2}\n');
    expect(last(infer().out)).toMatchObject({ ok: true, questions: 2, answers: 2, skipped: false });
    expect(last(infer().out)).toMatchObject({ ok: true, answers: 2, skipped: true });
    expect(fs.readFileSync(answers(), "utf8").trim().split("\n")).toHaveLength(2);
    fs.appendFileSync(questions(), '{"q": 3}\n');
    expect(last(infer().out)).toMatchObject({ answers: 3, skipped: false });
    expect(fs.readFileSync(`${answers()}.previous`, "utf8").trim().split("\n")).toHaveLength(2);
    expect(last(infer("2").out)).toMatchObject({ answers: 3, skipped: false });
  });

  test("what a run that died has left is not added to", () => {
    program("swift", swift);
    fs.writeFileSync(questions(), '{"q": 1}\n');
    fs.mkdirSync(path.dirname(answers()));
    fs.writeFileSync(`${answers()}.partial`, '{"response": "old"}\n');
    expect(last(infer().out)).toMatchObject({ ok: true, answers: 1 });
  });

  test("a question without an answer leaves no file of answers", () => {
    program("swift", swift);
    fs.writeFileSync(questions(), '{"q": 1}\n{"bad": 2}\n');
    const done = infer();
    expect(done.code).toBe(1);
    expect(done.err).toContain("1 answers to 2 questions");
    expect(fs.existsSync(answers())).toBe(false);
  });

  test("a failure names the last error", () => {
    program("swift", "print('ValueError: remaining_argv: [--x]')\nsys.exit(1)\n");
    fs.writeFileSync(questions(), '{"q": 1}\n');
    expect(infer().err).toContain("swift ended with 1: ValueError: remaining_argv: [--x]");
  });
});

describe("ray_cluster.py", () => {
  /** ray that listens as its head does and keeps a line a node in a file; the module answers from it. */
  function fakeRay(): void {
    const file = JSON.stringify(path.join(folder, "nodes"));
    program(
      "ray",
      `
words = sys.argv
value = lambda name: words[words.index(name) + 1]
with open(${file}, "a") as nodes:
    nodes.write(value("--node-ip-address") + " " + value("--num-gpus") + " " + os.environ["VLLM_HOST_IP"] + "\\n")
if "--head" in words:
    head = socket.create_server(("127.0.0.1", int(value("--port"))))
print("ray", " ".join(words[1:]), flush=True)
time.sleep(3600)
`,
    );
    fs.writeFileSync(
      path.join(folder, "ray.py"),
      `
import os
def init(address, **_): pass
def nodes():
    lines = [line.split() for line in open(${file})]
    return [{"NodeManagerAddress": a, "Alive": True, "Resources": {"GPU": float(g)}} for a, g, _ in lines]
`,
    );
  }

  function start(hostIp: string, ...argv: string[]) {
    const child = spawn("python3", ["-B", path.join(toolsFolder, "ray_cluster.py"), ...argv], {
      env: { ...env(), PYTHONPATH: folder, VLLM_HOST_IP: hostIp },
    });
    let text = "";
    child.stdout.on("data", piece => (text += piece));
    child.stderr.on("data", piece => (text += piece));
    const ended = new Promise<number | null>(done => child.on("close", done));
    return { child, ended, text: () => text };
  }

  test("the head serves when every node has joined; the others end with it", async () => {
    fakeRay();
    program("vllm", 'print("vllm", os.environ["RAY_ADDRESS"], flush=True)\nsys.exit(3)\n');
    const port = String(await freePort());
    const shared = ["--port", port, "--gpus", "8"];
    const worker = start("127.0.0.2", "worker", "--head", "127.0.0.1", "--address", "127.0.0.2", ...shared);
    const head = start(
      "127.0.0.1",
      ...["head", "--address", "127.0.0.1", ...shared, "--worker", "127.0.0.2", "--", "vllm", "serve"],
    );
    expect(await head.ended).toBe(3);
    expect(head.text()).toContain("ray cluster of 2 nodes: 127.0.0.1, 127.0.0.2");
    expect(head.text()).toContain(`vllm 127.0.0.1:${port}`);
    expect(fs.readFileSync(path.join(folder, "nodes"), "utf8").trim().split("\n").sort()).toEqual([
      "127.0.0.1 8 127.0.0.1",
      "127.0.0.2 8 127.0.0.2",
    ]);
    worker.child.kill("SIGTERM");
    await worker.ended;
    expect(worker.text()).toContain(`start --address 127.0.0.1:${port}`);
  });

  test("a node that does not join is named, also when ray knows it by another address", async () => {
    fakeRay();
    fs.writeFileSync(path.join(folder, "nodes"), "192.168.0.7 8 x\n");
    const port = String(await freePort());
    const head = start(
      "127.0.0.1",
      ...["head", "--address", "127.0.0.1", "--port", port, "--gpus", "8", "--worker", "10.0.0.2"],
      ...["--timeout-seconds", "2", "--", "vllm"],
    );
    expect(await head.ended).toBe(1);
    expect(head.text()).toContain("node 10.0.0.2 did not join ray; ray knows 192.168.0.7 instead");
  });

  test("an image without ray, and a port that is taken, are told", async () => {
    const { port, close } = await listening();
    const shared = ["head", "--address", "127.0.0.1", "--gpus", "1", "--worker", "10.0.0.2"];
    const taken = tool("ray_cluster.py", ...shared, "--port", String(port), "--", "vllm");
    await close();
    expect(taken.err).toContain(`port ${port} of 127.0.0.1 is taken`);
    expect(tool("ray_cluster.py", ...shared, "--port", String(port), "--", "vllm").err).toContain("there is no ray");
  });
});
