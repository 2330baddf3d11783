import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { loadCluster } from "../../config/load";
import { resumable } from "../../recipes/ms-swift/resume";
import { makeCheckpoint, SimulatedNodes, toolsFolder } from "../support/nodes";

let nodes: SimulatedNodes;
beforeEach(() => {
  nodes = new SimulatedNodes(["node-1", "node-2"]);
});
afterEach(() => nodes.remove());

/** Runs the tool as a node would, with a command that prints its arguments. */
function start(node: string): { code: number | null; said: string; errors: string } {
  const argv = [
    ...["--folder", nodes.out(node), "--here", String(nodes.names.indexOf(node)), "--ranks-per-node", "2"],
    ...nodes.names.flatMap(name => ["--node", name]),
    ...["--set", "load", "{checkpoint}", "--set", "finetune", "false", "--unset", "model"],
    ...["--ssh", nodes.sshFrom(node)],
    ...[
      "--",
      "echo",
      "megatron",
      "sft",
      "--load",
      "/base",
      "--model",
      "/m",
      "--dataset",
      "a",
      "b",
      "--finetune",
      "true",
    ],
  ];
  const run = spawnSync("python3", ["-B", path.join(toolsFolder, "resume.py"), ...argv], { encoding: "utf8" });
  return { code: run.status, said: run.stdout, errors: run.stderr };
}

/** A checkpoint of four ranks, the upper two's shards on node-2, as two nodes with disks of their own have it. */
function scattered(): { first: string; second: string } {
  const first = makeCheckpoint(nodes.out("node-1"), 20, 4);
  fs.writeFileSync(path.join(nodes.out("node-1"), "args.json"), "{}");
  const second = path.join(nodes.out("node-2"), "iter_0000020");
  fs.mkdirSync(second);
  for (const name of fs.readdirSync(first)) {
    if (/^__[23]_/.test(name)) fs.renameSync(path.join(first, name), path.join(second, name));
  }
  return { first, second };
}

const asItIs = "megatron sft --load /base --model /m --dataset a b --finetune true\n";

test("without a checkpoint the training starts as it is, on every node", () => {
  expect(start("node-1")).toMatchObject({ code: 0, said: asItIs });
  expect(start("node-2")).toMatchObject({ code: 0, said: asItIs });
});

test("with one, every node has all of it and goes on from it", () => {
  const { first, second } = scattered();
  for (const node of nodes.names) {
    expect(start(node)).toMatchObject({
      code: 0,
      said: `muster: going on from ${nodes.out(node)}/iter_0000020\nmegatron sft --dataset a b --load ${nodes.out(node)} --finetune false\n`,
    });
  }
  expect(fs.readdirSync(second).sort()).toEqual(fs.readdirSync(first).sort());
  for (const name of fs.readdirSync(first)) {
    expect(fs.readFileSync(path.join(second, name))).toEqual(fs.readFileSync(path.join(first, name)));
  }
  expect(fs.existsSync(path.join(nodes.out("node-2"), "args.json"))).toBe(true);
});

test("a checkpoint that is newer on the second node alone is not gone on from: the first one's tracker counts", () => {
  makeCheckpoint(nodes.out("node-2"), 40, 4);
  expect(start("node-2")).toMatchObject({ code: 0, said: asItIs });
});

test("one that cannot be made whole starts nothing, and says how to begin anew", () => {
  const { second } = scattered();
  fs.rmSync(path.join(second, "__2_0.distcp"));
  for (const node of nodes.names) {
    const run = start(node);
    expect(run.code).toBe(1);
    expect(run.errors).toMatch(/cannot go on from it: __2_0.distcp is not whole on (node-2|this node), whose rank 2/);
    expect(run.errors).toContain(`move ${nodes.out(node)} away on every node`);
  }
});

test("one without the optimizer's state is not gone on from", () => {
  const { first } = scattered();
  const file = path.join(first, ".metadata");
  fs.writeFileSync(file, fs.readFileSync(file, "latin1").replaceAll("optimizer.", "something."), "latin1");
  expect(start("node-1")).toMatchObject({ code: 0, said: asItIs });
});

test("a first node that cannot be asked is an error, not a start from the beginning", () => {
  scattered();
  fs.rmSync(path.join(nodes.base, "node-1"), { recursive: true });
  const run = start("node-2");
  expect(run.code).toBe(1);
  expect(run.errors).toContain("node-1: ssh ended with 255");
});

test("the options of a resumed run, for both lines of versions", () => {
  const inventory = `hosts:
  - {name: node-1, address: 10.77.0.11, port: 22, user: root}
  - {name: node-2, address: 10.77.0.12, port: 22, user: root}
ssh: {identityFile: ./id_ed25519}
knownHosts: ./known_hosts
`;
  const cluster = loadCluster(path.join(__dirname, "..", "..", "stacks", "dev.yaml"), {
    readFile: file => (file.endsWith("inventory.yaml") ? inventory : fs.readFileSync(file, "utf8")),
  });
  const command = { node: "node-2", argv: ["megatron", "sft", "--x", "1"], env: {}, transport: {} };
  const argv = resumable(cluster, command, 1).argv.join(" ");
  expect(argv).toMatch(
    /^python3 \/opt\/muster\/resume.py --folder \/models\/megatron_output\/tiny --here 1 --ranks-per-node 2/,
  );
  expect(argv).toContain("--set load {checkpoint} --set finetune false --set no_load_optim false");
  expect(argv).toMatch(/ -- megatron sft --x 1$/);
  const four = { ...cluster, image: { ...cluster.image, swift: "4.6.0" } };
  expect(resumable(four, command, 1).argv.join(" ")).toMatch(/--set mcore_model \{checkpoint\} .*--unset model -- /);
  const other = { ...command, argv: ["swift", "sft"] };
  expect(resumable(cluster, other, 0)).toBe(other);
});
