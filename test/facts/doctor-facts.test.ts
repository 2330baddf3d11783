import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { existingPaths } from "../../facts/existing-paths";
import { factOf, type Topic } from "../../facts/fact";
import { folderSpace } from "../../facts/folder-space";
import { gpuHolders } from "../../facts/gpu-holders";
import { nodeContainer } from "../../facts/node-container";
import { nodeImage } from "../../facts/node-image";
import { portHolders } from "../../facts/port-holders";
import { parseProbe, probeScript } from "../../facts/probe";
import { Cleanup } from "../support/cleanup";

const cleanup = new Cleanup();
afterEach(cleanup.run);

function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-facts-"));
  cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Asks this machine, with stand-ins in front in the PATH. */
function ask<T>(topic: Topic<T>, standIns: Readonly<Record<string, string>> = {}) {
  const bin = temporaryFolder();
  for (const [name, script] of Object.entries(standIns)) {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const output = execFileSync("/bin/sh", ["-c", probeScript({ topic: topic.snippet })], { encoding: "utf8", env });
  return factOf(topic, parseProbe(output).topic);
}

const noContainers = { docker: "exit 0" };

test("a port that another program listens on is told with its name; one that is free, or the cluster's own, is not", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  cleanup.add(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  expect(ask(portHolders("demo", [port]), noContainers)).toEqual({
    status: "present",
    value: [{ port, program: expect.stringMatching(/./) }],
  });
  const free = net.createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => free.once("listening", resolve));
  const other = (free.address() as net.AddressInfo).port;
  await new Promise(resolve => free.close(resolve));
  expect(ask(portHolders("demo", [other]), noContainers)).toEqual({ status: "present", value: [] });
  expect(ask(portHolders("demo", []))).toEqual({ status: "absent" });
  // A process is a container's if its cgroup has the container's id in it.
  const cgroup = fs.readFileSync("/proc/self/cgroup", "utf8").trim().split("\n").at(-1)?.split(":").at(-1) ?? "/";
  expect(ask(portHolders("demo", [port]), { docker: `echo '${cgroup}'` })).toEqual({ status: "present", value: [] });
});

test("a port of a process in the session of one of the cluster's jobs is the cluster's", () => {
  const program =
    "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()";
  const folder = temporaryFolder();
  // The marked process leads the session; the listener in it has no mark, as after sshd has overwritten its own.
  for (const [file, cluster] of [
    ["ours", "demo"],
    ["other", "other"],
  ] as const) {
    const { snippet } = portHolders(cluster, [65530]);
    fs.writeFileSync(path.join(folder, file), snippet.replaceAll("65530", "PORT"));
  }
  const said = execFileSync(
    "setsid",
    [
      "sh",
      "-c",
      `export MUSTER_JOB=mesh:demo/1; mkfifo in; (exec tail -f /dev/null >in) & holder=$!
env -u MUSTER_JOB python3 -c "${program}" <in >port & until [ -s port ]; do kill -0 $holder || exit 1; done
port=$(cat port); ask() { sh -c "$(sed "s/PORT/$port/" "$1")"; }
echo "demo: $(ask ours)"; echo "other: $(ask other)"
kill $holder; wait`,
    ],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  expect(said).toMatch(/^demo: \nother: taken \d+ python3$/m);
});

test("a program that was started with a file of the cluster's folder is the cluster's, as the mesh's sshd is", async () => {
  const program =
    "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()";
  const child = spawn("python3", ["-c", program, "/var/lib/muster/demo/node/sshd_config"]);
  cleanup.add(() => child.kill());
  const port = await new Promise<number>(resolve => child.stdout.once("data", chunk => resolve(Number(chunk))));
  expect(ask(portHolders("demo", [port]), noContainers)).toEqual({ status: "present", value: [] });
  expect(ask(portHolders("other", [port]), noContainers)).toEqual({
    status: "present",
    value: [{ port, program: "python3" }],
  });
});

test("GPUs of others are told by process, and ours are not", () => {
  const rows = "0, GPU-a, 1200\n1, GPU-b, 78000\n2, GPU-c, [N/A]\n";
  const apps = `GPU-a, ${process.pid}, python3 train.py, all\nGPU-b, ${process.pid}, vllm\n`;
  const nvidia = `case $* in *compute-apps*) printf '${apps.replaceAll("\n", "\\n")}' ;; *) printf '${rows.replaceAll("\n", "\\n")}' ;; esac`;
  expect(ask(gpuHolders("demo"), { ...noContainers, "nvidia-smi": nvidia })).toEqual({
    status: "present",
    value: [
      { index: 0, usedMemoryMib: 1200, isOurs: false, others: [`${process.pid} python3 train.py,all`] },
      { index: 1, usedMemoryMib: 78000, isOurs: false, others: [`${process.pid} vllm`] },
      { index: 2, usedMemoryMib: 0, isOurs: false, others: [] },
    ],
  });
});

test("a container is told as it is, also where it does not run or has lost its GPUs", () => {
  const of = (output: string) => nodeContainer("ms").parse(output);
  const id = `sha256:${"a".repeat(64)}`;
  expect(of(`found running ${id}\nmemlock unlimited\nfiles 1048576\nshm 1073741824\ngpus 8\n`)).toEqual({
    status: "running",
    imageId: id,
    inside: { memlockKib: "unlimited", openFiles: 1048576, shmMib: 1024, gpuCount: 8 },
  });
  expect(
    of(`found running ${id}\nmemlock 8192\nshm 67108864\nlost Failed to initialize NVML: Unknown Error\n`),
  ).toEqual({
    status: "running",
    imageId: id,
    inside: { memlockKib: 8192, shmMib: 64, gpuProblem: "Failed to initialize NVML: Unknown Error" },
  });
  expect(of(`found exited ${id}\n`)).toEqual({ status: "exited", imageId: id });
  const gone = { docker: "echo 'Error: No such container: ms' >&2; exit 1" };
  expect(ask(nodeContainer("ms"), gone)).toEqual({ status: "absent" });
  const dead = { docker: "echo 'Cannot connect to the Docker daemon' >&2; exit 1" };
  expect(ask(nodeContainer("ms"), dead)).toEqual({ status: "unknown", reason: "Cannot connect to the Docker daemon" });
  expect(ask(nodeImage("glm:1"), { docker: "echo 'Error: No such image: glm:1' >&2; exit 1" })).toEqual({
    status: "absent",
  });
  expect(ask(nodeImage("glm:1"), { docker: `echo ${id}` })).toEqual({ status: "present", value: { id } });
});

test("space of folders that are there, and of some that are not yet", () => {
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, "a b"));
  fs.writeFileSync(path.join(folder, "a b", "weights"), Buffer.alloc(300_000, 1));
  const fact = ask(folderSpace([path.join(folder, "a b"), path.join(folder, "not", "yet")]));
  expect(fact).toMatchObject({
    status: "present",
    value: [
      { folder: path.join(folder, "a b"), freeBytes: expect.any(Number) },
      { folder: path.join(folder, "not", "yet"), usedBytes: 0 },
    ],
  });
  const [there, coming] = fact.status === "present" ? fact.value : [];
  expect(there?.usedBytes).toBeGreaterThanOrEqual(300_000);
  expect(coming?.mountPoint).toBe(there?.mountPoint);
});

test("paths that are there", () => {
  const folder = temporaryFolder();
  expect(ask(existingPaths([folder, `${folder}/it's not`]))).toEqual({ status: "present", value: [folder] });
  expect(ask(existingPaths([]))).toEqual({ status: "absent" });
});
