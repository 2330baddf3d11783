import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { CommandOptions } from "../support/command";
import { edit, muster, output } from "./muster";
import { SimulatedHost } from "./simulated-host";
import { checkout } from "./site";

const clusterFile = "stacks/dev.yaml";
const inventory = ".muster/sandbox/inventory.yaml";
const knownHosts = ".muster/sandbox/known_hosts";
const hosts = [new SimulatedHost("node-1"), new SimulatedHost("node-2")];

/** The limit for reaching a host is 15 s; the rest is for a busy machine. */
const longestSeconds = 30;

const read = (file: string) => fs.readFileSync(path.join(checkout(), file), "utf8");

/** `file:line:` of the first line that matches, as an error names it. */
function place(file: string, pattern: RegExp): string {
  const index = read(file)
    .split("\n")
    .findIndex(line => pattern.test(line));
  if (index < 0) throw new Error(`${file} has no line like ${pattern}`);
  return `${file}:${index + 1}:`;
}

/** Address of a host of the inventory. */
function addressOf(host: string): string {
  const found = new RegExp(`name: ${host}, address: ([0-9.]+)`).exec(read(inventory))?.[1];
  if (found === undefined) throw new Error(`the inventory has no ${host}`);
  return found;
}

/** An address of the simulated network that no host has. */
const nobodys = (last: number) => addressOf("node-1").replace(/\d+$/, String(last));

/** As `ssh-keygen -lf` shows it, from the base64 of a public key. */
function fingerprintOf(base64: string): string {
  return `SHA256:${createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "")}`;
}

describe("bad input is refused with a clear error, before any host is changed", () => {
  const undo: (() => void)[] = [];
  const secrets: string[] = [];
  let before: string[];

  const change = (file: string, how: (text: string) => string) => undo.push(edit(file, how));
  const fingerprints = () => Promise.all(hosts.map(host => host.fingerprint()));

  beforeAll(async () => {
    secrets.push(String(await output("apiKey")), read(".muster/sandbox/id_ed25519").split("\n")[1] ?? "");
    expect(secrets.every(secret => secret.length >= 16)).toBe(true);
    before = await fingerprints();
  });
  afterEach(() => {
    for (const step of undo.splice(0).reverse()) step();
  });
  afterAll(async () => {
    expect(await fingerprints()).toEqual(before);
  });

  /** What muster says when it refuses: soon, without a stack trace, without secrets. */
  async function refusal(args = ["preview", "-s", "dev"], options: CommandOptions = {}): Promise<string> {
    const done = await muster(args, { deadlineSeconds: longestSeconds, ...options });
    const said = done.stdout + done.stderr;
    expect(said).not.toMatch(/^\s+at .*\.[jt]s/m);
    for (const secret of secrets) expect(said).not.toContain(secret);
    if (done.code !== 1) throw new Error(`exit ${done.code}, expected 1\n${said}`);
    return said;
  }

  test("unknown key: line, and the nearest key", async () => {
    change(clusterFile, text => text.replace(/shmSizeGib: \d+/, "shmSizeGb: 1"));
    const said = await refusal();
    expect(said).toContain(`${place(clusterFile, /shmSizeGb/)}3: container.shmSizeGb: found unknown key 'shmSizeGb'`);
    expect(said).toMatch(/remedy: write shmSizeGib$/m);
    expect(said).toMatch(/1 problem; no host was touched/);
  });

  test("wrong unit: the number to write", async () => {
    change(clusterFile, text => text.replace(/shmSizeGib: \d+/, "shmSizeGib: 128g"));
    const said = await refusal();
    expect(said).toContain(place(clusterFile, /128g/));
    expect(said).toContain("container.shmSizeGib: found text '128g', expected a number of GiB; write 128\n");
  });

  test("duplicate host: both places", async () => {
    change(inventory, text => text.replace("name: node-2", "name: node-1"));
    const said = await refusal();
    expect(said).toMatch(/inventory\.yaml:\d+:\d+: hosts\[1\]\.name: found name 'node-1', which hosts\[0\] has/);
    expect(said).toMatch(/remedy: rename or remove one of them/);
  });

  test("duplicate address: two names for one machine", async () => {
    change(inventory, text => text.replace(addressOf("node-2"), addressOf("node-1")));
    const said = await refusal();
    expect(said).toMatch(/inventory\.yaml:\d+:\d+: hosts\[1\]\.address: /);
    expect(said).toContain(addressOf("node-1"));
  });

  test("tensorParallel that does not divide the world: the numbers that do", async () => {
    change(clusterFile, text => text.replace(/^ {2}train:\n/m, "  train:\n    tensorParallel: 3\n"));
    const said = await refusal();
    expect(said).toContain(`${place(clusterFile, /tensorParallel: 3/)}21: pipeline.train.tensorParallel: found`);
    expect(said).toMatch(/expected a divisor of 4, the number of processes \(2 nodes x 2 slots\)/);
    expect(said).toMatch(/remedy: .*one of 1, 2, 4$/m);
  });

  test("the same, past the setting: tensor_model_parallel_size among the arguments", async () => {
    change(clusterFile, text => text.replace(/^( +)seed: .*$/m, "$&\n$1tensor_model_parallel_size: 3"));
    const said = await refusal();
    expect(said).toContain(place(clusterFile, /tensor_model_parallel_size/));
    expect(said).toMatch(/found tensor_model_parallel_size under args, expected the setting/);
    expect(said).toMatch(/remedy: .*pipeline\.train\.tensorParallel$/m);
  });

  test("a bad row of the data set: line, field, reason, remedy", async () => {
    const bad = path.join(checkout(), ".muster/sandbox/bad-row.jsonl");
    const good = read(".muster/sandbox/tools.jsonl").split("\n").slice(0, 3);
    fs.writeFileSync(bad, [...good, '{"messages": [{"role": "usr", "content": "hello"}]}', ""].join("\n"));
    undo.push(() => fs.rmSync(bad));
    change(clusterFile, text =>
      text.replace(/^( +)file: \S+tools\.jsonl/m, "$1file: ../.muster/sandbox/bad-row.jsonl"),
    );
    const said = await refusal();
    expect(said).toMatch(
      /bad-row\.jsonl:4: messages\[0\]\.role: error: role "usr"\n +remedy: write one of system, user/,
    );
    expect(said).toMatch(/4 rows, 1 bad/);
    expect(said).toMatch(/pipeline\.data\.file is not fit for training; no host was touched/);
  });

  test("slots above the GPUs: what was found on each host", async () => {
    declareFourSlots();
    const said = await refusal();
    for (const node of ["node-1", "node-2"])
      expect(said).toContain(`error ${node} slots slots-above-gpus: 2 GPUs found, slots is 4`);
    expect(said).toMatch(/remedy: write slots: 2/);
    expect(said).toMatch(/no host was changed/);
  });

  test("hosts that cannot be reached: all of them, by name and address, and what was found on the others", async () => {
    declareFourSlots();
    const more = [3, 4].map(k => `  - {name: node-${k}, address: ${nobodys(90 + k)}, port: 22, user: root}\n`);
    change(inventory, text => text.replace(/^ssh:/m, `${more.join("")}ssh:`));
    const said = await refusal();
    expect(said).toContain("the hosts are not fit (4 findings); no host was changed");
    for (const k of [3, 4]) expect(said).toContain(`error node-${k} unreachable: ${nobodys(90 + k)}:22: `);
    expect(said).toMatch(/remedy: check address and port in the cluster file/);
    for (const k of [1, 2]) expect(said).toContain(`error node-${k} slots slots-above-gpus: 2 GPUs found`);
  });

  test("a host whose address changed to one that nobody has", async () => {
    change(inventory, text => text.replace(addressOf("node-2"), nobodys(99)));
    const said = await refusal(["up", "-s", "dev", "--yes"]);
    expect(said).toContain(`error node-2 unreachable: ${nobodys(99)}:22: `);
    expect(said).not.toMatch(/^up dev/m);
  });

  test("another host key than the pinned one: both fingerprints, and muster trust", async () => {
    const pinned = new RegExp(`^${addressOf("node-2").replaceAll(".", "\\.")} ssh-ed25519 (\\S+)$`, "m");
    const offered = pinned.exec(read(knownHosts))?.[1] ?? "";
    const other = read(".muster/sandbox/id_ed25519.pub").split(" ")[1] ?? "";
    change(knownHosts, text => text.replace(offered, other));
    const said = await refusal(["up", "-s", "dev", "--yes"]);
    const line = said.split("\n").find(each => each.includes("error node-2 unreachable")) ?? "";
    expect(line).toContain(`offers host key ${fingerprintOf(offered)}`);
    expect(line).toContain(`pinned is ${fingerprintOf(other)}`);
    expect(said).toMatch(/remedy: .*`muster trust/);
    expect(said).not.toMatch(/^up dev/m);
  });

  test("no pinned host key at all: the fingerprint to compare, and muster trust", async () => {
    const offered = new RegExp(`^${addressOf("node-2").replaceAll(".", "\\.")} ssh-ed25519 (\\S+)\n`, "m");
    const key = offered.exec(read(knownHosts))?.[1] ?? "";
    change(knownHosts, text => text.replace(offered, ""));
    const said = await refusal();
    expect(said).toContain(`no host key is pinned; the server offers ${fingerprintOf(key)}`);
    expect(said).toMatch(/remedy: compare the fingerprint .*`muster trust/);
  });

  test("wrong passphrase", async () => {
    const said = await refusal(["up", "-s", "dev", "--yes"], { env: { PULUMI_CONFIG_PASSPHRASE: "wrong" } });
    expect(said).toMatch(/^error: incorrect passphrase for stack dev$/m);
    expect(said).toMatch(/why: .*nothing was changed/);
    expect(said).toMatch(/fix: set PULUMI_CONFIG_PASSPHRASE/);
  });

  test("a password written into the file is not repeated", async () => {
    change(clusterFile, text => text.replace(/^( +)url: http:\/\//m, "$1url: http://alice:correct-horse@"));
    const said = await refusal();
    expect(said).toContain(place(clusterFile, /correct-horse/));
    expect(said).toMatch(/remedy: muster config set --secret url/);
    expect(said).not.toContain("correct-horse");
  });

  test("several problems at once are all listed, in the order of the file", async () => {
    change(clusterFile, text =>
      text
        .replace(/shmSizeGib: \d+/, "shmSizeGib: 128g")
        .replace(/^slots: 2/m, "slots: two")
        .replace("masterPort:", "mastrPort:"),
    );
    const said = await refusal();
    const places = [/128g/, /slots: two/, /mastrPort/].map(pattern => said.indexOf(place(clusterFile, pattern)));
    expect(places.every(position => position >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(said).toMatch(/3 problems; no host was touched/);
  });

  /** More slots than GPUs, with a batch that fits, so that only a question to the hosts can tell. */
  function declareFourSlots(): void {
    change(clusterFile, text =>
      text.replace(/^slots: 2/m, "slots: 4").replace(/globalBatchSize: \d+/, "globalBatchSize: 32"),
    );
  }
});
