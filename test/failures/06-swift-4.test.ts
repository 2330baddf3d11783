import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { SimulatedHost } from "../acceptance/simulated-host";
import { Checkout, Up } from "../faults/checkout";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { clusterFile, hosts, raise, runs, type Variant } from "./four";
import { processesOf } from "./run";

const cleanup = new Cleanup();
const node1 = hosts.host("node-1");
const node2 = hosts.host("node-2");
let checkout: Checkout;

const declare = (variant?: Variant) =>
  fs.writeFileSync(path.join(checkout.folder, "cluster.yaml"), clusterFile(variant));

async function up(): Promise<void> {
  const done = await checkout.up({ deadlineSeconds: 560 });
  if (done.code !== 0) throw new Error(`up: exit ${done.code}\n${done.told}`);
}

const filesIn = async (host: SimulatedHost, folder: string): Promise<string[]> =>
  (await host.ask(`cd ${folder} && find . -type f | cut -c3- | sort`)).split("\n");

/** Folders of trainings on a host, the newest first. */
const foldersOn = async (host: SimulatedHost): Promise<string[]> =>
  (await host.ask(`ls -t ${runs} 2>/dev/null || true`)).split("\n").filter(Boolean);

const outputs = async (): Promise<Record<string, string>> => {
  const done = await checkout.muster("stack", "output", "--json", "--show-secrets");
  return JSON.parse(done.stdout) as Record<string, string>;
};

/** The weights that are served, as the host has them. */
const exported = async (): Promise<string> =>
  `${(await outputs()).weights?.replace("/models/", "/data/models/")}/model.safetensors`;

/** A chat, asked for from outside the hosts. */
async function chat(): Promise<{ status: number; model: string; text: string }> {
  const { url, apiKey } = await outputs();
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model: "tiny", messages: [{ role: "user", content: "hi" }], max_tokens: 8, temperature: 0 }),
  });
  const reply = (await answer.json()) as { model: string; choices: { message: { content: string } }[] };
  return { status: answer.status, model: reply.model, text: reply.choices[0]?.message.content ?? "" };
}

let weights: string;
let text: string;

beforeAll(async () => {
  raise();
  cleanup.add(() => hosts.raze());
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "muster-four-"));
  cleanup.add(() => fs.rmSync(parent, { recursive: true, force: true }));
  checkout = new Checkout(parent, "muster", "index.js");
  fs.writeFileSync(path.join(checkout.folder, "Pulumi.dev.yaml"), "config: {'muster:cluster': cluster.yaml}\n");
  fs.writeFileSync(path.join(checkout.folder, "rows.jsonl"), `${await node1.ask("cat /data/datasets/tools.jsonl")}\n`);
}, 600_000);

afterAll(cleanup.run);

test("a training of ms-swift 4 leaves what a real one leaves on each disk, and its safetensors are served", async () => {
  declare();
  await up();
  const [run] = await foldersOn(node1);
  const folder = `${runs}/${run}`;
  const last = "checkpoint-8/iter_0000008";
  const first = await filesIn(node1, folder);
  // Of the real run over two nodes, with twice the ranks (test/cases/megatron-4.6.0).
  expect(first.filter(name => name === "args.json" || name.startsWith("checkpoint-8/"))).toEqual(
    [
      "args.json",
      ...["added_tokens.json", "args.json", "chat_template.jinja", "config.json"].map(name => `checkpoint-8/${name}`),
      ...[".metadata", "__0_0.distcp", "__1_0.distcp", "metadata.json"].map(name => `${last}/${name}`),
      ...["latest_checkpointed_iteration.txt", "merges.txt", "model.safetensors", "special_tokens_map.json"].map(
        name => `checkpoint-8/${name}`,
      ),
      ...["tokenizer.json", "tokenizer_config.json", "vocab.json"].map(name => `checkpoint-8/${name}`),
    ].sort(),
  );
  const second = await filesIn(node2, folder);
  expect(second.filter(name => !/^(images|runs)\//.test(name))).toEqual([
    ...[4, 8].flatMap(k => {
      const name = `checkpoint-${k}/iter_${String(k).padStart(7, "0")}`;
      return [2, 3].map(rank => `${name}/__${rank}_0.distcp`);
    }),
    "logging.jsonl",
  ]);
  weights = await node1.ask(`sha256sum <${folder}/checkpoint-8/model.safetensors`);
  // The server has these very weights, not copies.
  expect(await node1.ask(`stat -c %h ${await exported()}`)).toBe("2");
  expect(await node1.ask(`sha256sum <${await exported()}`)).toBe(weights);
  const reply = await chat();
  expect(reply).toMatchObject({ status: 200, model: "tiny", text: expect.stringMatching(/./) });
  text = reply.text;
});

test("names and tensors in .metadata are those of the real checkpoint", async () => {
  const [run] = await foldersOn(node1);
  const real = path.join(__dirname, "..", "cases", "megatron-4.6.0", "two-nodes.tgz");
  const unpack = `mkdir -p /tmp/real && base64 -d <<'END' | tar -xzf - -C /tmp/real\n${fs.readFileSync(real).toString("base64")}\nEND`;
  await node1.inContainer(unpack);
  const names = async (folder: string): Promise<string[]> => {
    const code = `import json, torch.distributed.checkpoint as d; print(json.dumps(sorted(d.FileSystemReader('${folder}').read_metadata().state_dict_metadata)))`;
    return JSON.parse(await node1.inContainer(`python3 -c "${code}"`));
  };
  const ours = await names(`/models/out/tiny/${run}/checkpoint-8/iter_0000008`);
  const theirs = await names("/tmp/real/n0/d/checkpoint-20/iter_0000020");
  expect(ours).toEqual(theirs);
});

test("killed on the way it goes on from its newest checkpoint, and gathered and converted the weights are the same", async () => {
  declare({
    train: '    saveSafetensors: false\n    env: {MUSTER_SIM_STEP_SECONDS: "2"}\n',
    steps: "  gather: {}\n",
  });
  const before = await foldersOn(node2);
  const starting = checkout.startUp({ deadlineSeconds: 560 });
  const run = await until(
    "the training has a folder",
    async () => (await foldersOn(node2)).find(name => !before.includes(name)),
    400,
  );
  const folder = `${runs}/${run}`;
  const steps = async (): Promise<number[]> => {
    const log = await node2.sh(`sed -n 's|.*"iteration": "\\([0-9]*\\)/.*|\\1|p' ${folder}/logging.jsonl`);
    return log.stdout.split("\n").filter(Boolean).map(Number);
  };
  await until("step 5 is done", async () => ((await steps()).at(-1) ?? 0) >= 5 || undefined, 300);
  await node2.ask(`kill -9 ${(await processesOf(node2, "train", "LOCAL_RANK="))[0]}`);
  const failed = new Up(await starting.finished);
  expect([failed.code, failed.told]).toEqual([
    1,
    expect.stringMatching(/job train failed: rank 1 \(node-2[\s\S]*killed from outside/),
  ]);
  const made = await steps();
  // Before the first checkpoint is whole nothing can be gone on from.
  const saved = Number(await node1.ask(`cat $(ls -td ${folder}/checkpoint-*/latest_* | head -1)`));

  await up();
  expect((await steps()).slice(made.length)).toEqual(Array.from({ length: 8 - saved }, (_, k) => saved + 1 + k));
  for (const rank of [0, 1]) {
    const log = await node1.ask(`cat /var/lib/muster/four/jobs/train/rank-${rank}.log`);
    expect(log).toMatch(new RegExp(`going on from /models/out/tiny/${run}/checkpoint-${saved}/iter_`));
  }
  const last = `${folder}/checkpoint-8/iter_0000008`;
  const sums = (host: SimulatedHost) => host.ask(`cd ${last} && sha256sum __2_0.distcp __3_0.distcp`);
  expect(await sums(node1)).toBe(await sums(node2));
  expect((await filesIn(node1, `${folder}/checkpoint-8`)).filter(name => name.endsWith(".safetensors"))).toEqual([]);
  // Bit for bit, as a real training that went on from a checkpoint had it.
  expect(await node1.ask(`sha256sum <${await exported()}`)).toBe(weights);
  expect(await chat()).toEqual({ status: 200, model: "tiny", text });
});

test("of LoRA the adapter is scattered, and the merged weights that the training wrote are served", async () => {
  declare({ train: "    tuner: lora\n    lora: {rank: 4, alpha: 8, targetModules: [linear_qkv, linear_proj]}\n" });
  const before = await foldersOn(node1);
  await up();
  const run = (await foldersOn(node1)).find(name => !before.includes(name));
  const folder = `${runs}/${run}`;
  const adapter = ["adapter_config.json", "adapter_model.safetensors", "additional_config.json", "args.json"];
  const shards = [".metadata", "__0_0.distcp", "__1_0.distcp", "metadata.json"].map(name => `iter_0000008/${name}`);
  expect(await filesIn(node1, `${folder}/checkpoint-8`)).toEqual(
    [...adapter, ...shards, "latest_checkpointed_iteration.txt"].sort(),
  );
  expect(await filesIn(node2, `${folder}/checkpoint-8`)).toEqual(
    ["__2_0", "__3_0"].map(name => `iter_0000008/${name}.distcp`),
  );
  const digest = (file: string) => node1.ask(`sha256sum <${file}`);
  const merged = await digest(`${folder}/checkpoint-8-merged/model.safetensors`);
  expect(await digest(await exported())).toBe(merged);
  expect(merged).not.toBe(await digest("/data/models/tiny/model.safetensors"));
  expect(await chat()).toMatchObject({ status: 200, model: "tiny", text: expect.stringMatching(/./) });
});
