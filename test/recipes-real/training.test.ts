import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Checkout, type Up } from "../faults/checkout";
import { Cleanup } from "../support/cleanup";
import { hosts, siteFolder } from "./site";

const rows = 200;
const steps = 20;
const batch = 8;
const port = 8000;

/** The real ms-swift on the CPUs of both hosts: LoRA, the adapter merged into its base, and `swift deploy` of what came out. */
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
      dataloader_num_workers: 0
      dataset_num_proc: 1
      check_model: false # asks a hub that is out of reach
    waitMinutes: 10
  export:
    output: /models/out/merged
    testPrecision: false
    waitMinutes: 5
  serve:
    engine: swift
    backend: pt
    node: node-1
    stopForTraining: true
    port: ${port}
    readyMinutes: 8
  smoke:
    prompt: air quality in Oslo?
    maxTokens: 24
    temperature: 0
    toolCall: report # after twenty steps the model babbles
    timeoutSeconds: 120
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
  up = await checkout.up({ deadlineSeconds: 1500 });
  if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
  const told = await checkout.muster("stack", "output", "-s", "dev", "--json", "--show-secrets");
  outputs = JSON.parse(told.stdout) as Record<string, unknown>;
}, 1_600_000);

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
  const log = await hosts
    .host("node-1")
    .ask(`grep '"loss"' ${onHost("checkpoints")}/logging.jsonl | grep -v train_runtime`);
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

test("a second up changes nothing", async () => {
  const again = await checkout.up({ flags: ["--expect-no-changes"] });
  expect([again.code, again.changes]).toEqual([0, []]);
});

test("`swift deploy` serves them on the cluster's address, and answers a question from outside", async () => {
  const url = `http://${hosts.places[0]?.address}:${port}/v1`;
  const served = (await (await fetch(`${url}/models`)).json()) as { data: { id: string }[] };
  // The name that the recipe has given it: the base model's.
  const model = "tiny";
  expect(served.data.map(({ id }) => id)).toEqual([model]);
  const answer = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: "air quality in Oslo?" }],
      temperature: 0,
      max_tokens: 24,
    }),
  });
  const reply = (await answer.json()) as { usage: { completion_tokens: number } };
  expect([answer.status, reply.usage.completion_tokens]).toEqual([200, expect.any(Number)]);
  expect(reply.usage.completion_tokens).toBeGreaterThan(0);
});

test("the smoke test has asked it, whole and streamed", () => {
  expect(outputs.reply).toEqual(expect.any(String));
  expect(outputs.tokensPerSecond).toBeGreaterThan(0);
});
