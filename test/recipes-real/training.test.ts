import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Checkout, type Up } from "../faults/checkout";
import { Cleanup } from "../support/cleanup";
import { hosts, siteFolder } from "./site";

const rows = 200;
const steps = 20;
const batch = 8;

/** The real ms-swift on the CPUs of both hosts: LoRA, merged, served by `swift deploy`, asked. */
const clusterFile = (): string => `cluster: real
inventory: ${path.join(hosts.folder, "inventory.yaml")}
image:
  reference: muster-sim-train:dev
  pull: false
  packages: {debs: ${path.join(siteFolder(), ".muster/sandbox/debs")}}
  swift: 3.7.1
container:
  shmSizeGib: 1
  mounts: [{host: /data/models, container: /models}]
slots: 1
pipeline:
  model: {path: /models/tiny, type: qwen2_5}
  data: {file: rows.jsonl, path: /var/lib/muster/data/rows.jsonl}
  modelscopeCache: /tmp/modelscope
  train:
    tool: swift sft
    nodes: [node-1, node-2]
    output: /models/out/lora
    tuner: lora
    learningRate: 1e-2
    minLearningRate: 1e-3
    iterations: ${steps}
    globalBatchSize: ${batch}
    microBatchSize: 4
    maxLength: 1024
    agentTemplate: hermes
    lossScale: hermes
    saveEverySteps: 10
    logEverySteps: 1
    args:
      torch_dtype: float32 # of CPUs
      bf16: false
      fp16: false
      split_dataset_ratio: 0
      dataloader_num_workers: 0
      dataset_num_proc: 1
      check_model: false # asks a hub that is out of reach
    waitMinutes: 4
  export:
    output: /models/out/merged
    testPrecision: false
    waitMinutes: 3
  serve:
    engine: swift
    node: node-1
    port: 8000
    servedModelName: tiny
    stopForTraining: true
    readyMinutes: 3
  smoke:
    maxTokens: 24
    timeoutSeconds: 60
`;

const cleanup = new Cleanup();
let checkout: Checkout;
let up: Up;
let outputs: Readonly<Record<string, unknown>>;

/** A path in the container as the host has it. */
const onHost = (output: string): string => String(outputs[output]).replace("/models/", "/data/models/");

beforeAll(async () => {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "muster-recipes-"));
  cleanup.add(() => fs.rmSync(parent, { recursive: true, force: true }));
  checkout = new Checkout(parent, "muster", "index.js");
  fs.writeFileSync(path.join(checkout.folder, "Pulumi.dev.yaml"), "config: {'muster:cluster': cluster.yaml}\n");
  fs.writeFileSync(path.join(checkout.folder, "cluster.yaml"), clusterFile());
  const data = await hosts.host("node-1").ask("cat /data/datasets/tools.jsonl");
  fs.writeFileSync(path.join(checkout.folder, "rows.jsonl"), `${data}\n`);
  expect(data.split("\n")).toHaveLength(rows);
  up = await checkout.up();
  if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
  const told = await checkout.muster("stack", "output", "-s", "dev", "--json", "--show-secrets");
  outputs = JSON.parse(told.stdout) as Record<string, unknown>;
}, 400_000);

afterAll(cleanup.run);

/** Last line of a training's log that tells a number. */
async function lastOf(field: string): Promise<number> {
  const log = await hosts
    .host("node-1")
    .ask(`grep '"${field}"' ${onHost("checkpoints")}/logging.jsonl | grep -v train_runtime`);
  return Number(JSON.parse(log.split("\n").at(-1) ?? "{}")[field]);
}

test("two ranks on two hosts trained one model", async () => {
  const files = (name: string) =>
    hosts.host(name).ask(`cd ${onHost("checkpoints")}/checkpoint-${steps} && ls rng_state*`);
  // A rank that trained alone would have written rng_state.pth.
  expect([await files("node-1"), await files("node-2")]).toEqual(["rng_state_0.pth", "rng_state_1.pth"]);
  const weights = `sha256sum <${onHost("checkpoints")}/checkpoint-${steps}/adapter_model.safetensors`;
  expect(await hosts.host("node-2").ask(weights)).toBe(await hosts.host("node-1").ask(weights));
  // And would have seen half as much of the rows.
  expect(await lastOf("epoch")).toBeCloseTo((steps * batch) / rows, 3);
});

test("the loss falls", async () => {
  const log = await hosts.host("node-1").ask(`grep '"loss"' ${onHost("checkpoints")}/logging.jsonl`);
  const losses = log.split("\n").map(line => Number(JSON.parse(line).loss));
  expect(losses).toHaveLength(steps);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.5);
});

test("the merged weights are the base's with the adapter in them", async () => {
  const merged = onHost("weights");
  const listed = await hosts.host("node-1").ask(`cd ${merged} && ls *.safetensors config.json`);
  expect(listed.split("\n").sort()).toEqual(["config.json", "model.safetensors"]);
  const digest = (file: string) => hosts.host("node-1").ask(`sha256sum <${file}`);
  expect(await digest(`${merged}/model.safetensors`)).not.toBe(await digest("/data/models/tiny/model.safetensors"));
});

test("the server of ms-swift answers", () => {
  expect(outputs.steps).toMatchObject({ train: "completed", export: "completed", serve: "ready", smoke: "completed" });
  expect(String(outputs.reply).length).toBeGreaterThan(0);
});

test("a second up changes nothing", async () => {
  const again = await checkout.up({ flags: ["--expect-no-changes"] });
  expect([again.code, again.changes]).toEqual([0, []]);
});
