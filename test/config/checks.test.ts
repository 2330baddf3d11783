import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { type ModelShape, modelShapeOf } from "../../config/check";
import { checkCluster, findingOf } from "../../config/checks";
import { checkRows } from "../../config/checks/rows";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import { formatFinding } from "../../plan/finding";
import { expectGolden } from "../support/golden";

const example = path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml");
const text = fs.readFileSync(example, "utf8");
/** GLM-4.5-Air's config.json, as published. */
const glm: ModelShape = {
  layers: 46,
  heads: 96,
  keyValueHeads: 8,
  vocabulary: 151552,
  experts: 128,
  maxPositions: 131072,
  modelType: "glm4_moe",
};

/** The example with lines changed: each pattern must be there. */
function changed(...edits: readonly [string | RegExp, string][]): string {
  return edits.reduce((all, [from, to]) => {
    const next = all.replace(from, to);
    if (next === all) throw new Error(`${String(from)} is not in the example`);
    return next;
  }, text);
}

function refusal(...edits: readonly [string | RegExp, string][]): string {
  try {
    loadCluster("glm.yaml", { readFile: () => changed(...edits) });
  } catch (error) {
    if (error instanceof ConfigErrors) return `${error.message}\n`;
    throw error;
  }
  return "accepted\n";
}

const cases: Readonly<Record<string, readonly [string | RegExp, string][]>> = {
  "tensor parallel that does not divide": [["tensorParallel: 4", "tensorParallel: 3"]],
  "batch that does not divide": [["globalBatchSize: 16", "globalBatchSize: 15"]],
  "experts over too many ranks": [["expertTensorParallel: 1", "expertTensorParallel: 4"]],
  "mixture without sequence parallelism": [["sequenceParallel: true", "sequenceParallel: false"]],
  "lowest rate above the rate": [["minLearningRate: 1e-6", "minLearningRate: 1e-3"]],
  "full recompute without layers": [["granularity: full, method: uniform, layers: 1", "granularity: full"]],
  "no length of training": [["    epochs: 1\n", ""]],
  "offload without precision-aware optimizer": [["      use_precision_aware_optimizer: true\n", ""]],
  "unknown argument": [["moe_grouped_gemm: true", "moe_group_gemm: true"]],
  "argument of a later version": [["no_save_rng: true", "dataloader_pin_memory: true"]],
  "argument with a wrong choice": [["attention_backend: flash", "optimizer: adamw"]],
  "argument with a wrong type": [["num_workers: 8", "num_workers: many"]],
  "argument that is a setting": [["num_workers: 8", "micro_batch_size: 2"]],
  "dialect that 3.7.1 does not have": [["agentTemplate: hermes", "agentTemplate: glm4_5"]],
  "no dialect, GLM-4.5 by default": [["    agentTemplate: hermes\n", ""]],
  "dialects that differ": [["toolCallParser: hermes", "toolCallParser: glm4_moe"]],
  "unknown loss scale": [["lossScale: hermes", "lossScale: hermis"]],
  "loss scale of a later version": [["lossScale: hermes", "lossScale: last_round+hermes"]],
  "neither a path nor sets": [["data: {path: /datasets/tools.jsonl}", "data: {strict: true}"]],
  "sets that ms-swift would not read": [
    [
      "data: {path: /datasets/tools.jsonl}",
      "data: {sets: [/datasets/a.jsonl#many, /datasets/b.jsonl.gz, /datasets/c.jsonl:train, xx::me/d], validation: [me/e], validationShare: 0.1}",
    ],
  ],
  "two files for one place": [
    [
      "data: {path: /datasets/tools.jsonl}",
      "data: {sets: [{file: /srv/a.jsonl, path: /datasets/a.jsonl}, {file: /srv/b.jsonl, path: /datasets/a.jsonl}]}",
    ],
  ],
  "digest of an archive": [["image:\n", `image:\n  archive: image.tar\n  digest: sha256:${"0".repeat(64)}\n`]],
  "login without a pull": [["image:\n", "image:\n  pull: false\n  registry: {user: me, password: {secret: token}}\n"]],
  "spread of an image without a tag": [
    [/reference: .*\n/, `reference: registry.example:5000/train@sha256:${"0".repeat(64)}\n  spread: true\n`],
    ["  swift: 3.7.1\n", "  swift: 3.7.1\n  vllm: 0.10.0\n"],
  ],
  "two digests": [
    [/reference: .*\n/, `reference: train:1@sha256:${"0".repeat(64)}\n  digest: sha256:${"1".repeat(64)}\n`],
    ["  swift: 3.7.1\n", "  swift: 3.7.1\n  vllm: 0.10.0\n"],
  ],
  "parser of another vLLM": [["toolCallParser: hermes", "toolCallParser: glm45"]],
  "ports that clash": [
    ["port: 6060", "port: 29500"],
    ["masterPort: 29500", "masterPort: 2333"],
  ],
  "server and training on the same GPUs": [["    stopForTraining: true\n", ""]],
  "GPU above the slots": [["gpus: [0, 1, 2, 3]", "gpus: [7, 8]"]],
  "slots above the declared GPUs": [["address: 172.16.16.3}", "address: 172.16.16.3, gpus: 4}"]],
  "container with fewer GPUs than slots": [["gpus: all", "gpus: 4"]],
  "export without gathering": [["  gather: {}\n", ""]],
  "API key for SGLang": [
    ["    engine: vllm\n", "    engine: sglang\n    apiKey: {secret: chatKey}\n"],
    ["    args: {enforce_eager: true, enable_chunked_prefill: true}\n", ""],
  ],
  "version without a profile": [["swift: 3.7.1\n", "swift: 3.6.4\n"]],
};

/** The example for ms-swift 4.6.0: no argument of the old line, no Megatron-LM, a cache for both nodes. */
const of4: readonly [string | RegExp, string][] = [
  ["  swift: 3.7.1\n", "  swift: 4.6.0\n"],
  ["  megatronLm: /mnt/workspace/Megatron-LM # branch core_r0.13.0\n", ""],
  ["/mnt/workspace/.cache/modelscope\n", "/shared/ms\n  sharedFolders: [/shared]\n"],
  ["      num_workers: 8\n", ""],
  ["lossScale: hermes", "lossScale: default+hermes"],
];
const sft = (more: string): [string | RegExp, string] => ["    tool: megatron sft\n", `    tool: ${more}\n`];
/** No setting of Megatron's. */
const ofSwift: readonly [string | RegExp, string][] = [
  [/ {4}tensorParallel: 4\n[\s\S]*?sequenceParallel: true\n/, ""],
  [/ {4}recompute: .*\n/, ""],
  [/ {4}args:\n {6}moe_grouped[\s\S]*?dataset_num_proc: 8\n/, ""],
  ["  gather: {}\n", ""],
];

const newer: typeof cases = {
  "3's name in 4": [...of4, ["no_save_rng: true", "max_epochs: 2"]],
  "an argument that 4 calls otherwise": [...of4, ["no_save_rng: true", "num_workers: 2"]],
  "4's name in 3": [["no_save_rng: true", "save_steps: 100"]],
  "an abbreviation": [["no_save_rng: true", "moe_router_lo: aux_loss"]],
  "an abbreviation of a setting": [["no_save_rng: true", "tensor_model: 2"]],
  "a hyphen instead of an underscore": [["no_save_rng: true", "micro-batch-size: 2"]],
  "3's name in a 4 whose list is not known": [
    ...of4.map(([from, to]): [string | RegExp, string] => [from, to.replace("4.6.0", "4.2.3")]),
    ["no_save_rng: true", "no_bias_dropout_fusion: true"],
  ],
  "the twin of a boolean": [["no_save_rng: true", "no_use_distributed_optimizer: true"]],
  "a key under args": [...ofSwift, sft("swift sft"), ["    saveEverySteps: 200\n", "    args: {swanlab_token: abc}\n"]],
  "an argument that is like a key's but for its end": [
    ...ofSwift,
    sft("swift sft"),
    ["    saveEverySteps: 200\n", "    args: {max_new_token: 64}\n"],
  ],
  "a model's type of 3 in 4": [...of4, ["type: glm4_5}", "type: glm4_0414}"]],
  "a model's type of 4 in 3": [["type: glm4_5}", "type: glm4_moe}"]],
  "a key in the environment": [["    saveEverySteps: 200\n", "    env: {WANDB_API_KEY: abc}\n"]],
  "an argument between the lists": [
    ["swift: 3.7.1\n", "swift: 3.9.3\n"],
    ["no_save_rng: true", "nosuch: true"],
  ],
  "Megatron's parallelism with swift sft": [sft("swift sft"), ["  gather: {}\n", ""]],
  "gathering after swift sft": [...ofSwift.slice(0, 3), sft("swift sft")],
  "DeepSpeed for Megatron": [sft("megatron sft\n    deepspeed: zero3\n    launcher: deepspeed")],
  "nodes in another order with DeepSpeed's launcher": [
    ...ofSwift,
    sft("swift sft\n    launcher: deepspeed"),
    ["nodes: [node-1, node-2]", "nodes: [node-2, node-1]"],
  ],
  "an accumulation that does not divide": [
    ...ofSwift,
    sft("swift sft"),
    ["globalBatchSize: 16", "globalBatchSize: 24"],
  ],
  "an rlhf tool without rlhf": [sft("megatron rlhf")],
  "a type that the version does not have": [sft("megatron rlhf\n    rlhf: {type: grpo, rewardFunctions: [accuracy]}")],
  "GRPO without reward, generations that do not divide": [
    ...ofSwift,
    sft("swift rlhf\n    rlhf: {type: grpo, generations: 5}"),
  ],
  "a reward for DPO": [sft("megatron rlhf\n    rlhf: {type: dpo, rewardFunctions: [accuracy]}")],
  "swanlab before 3.12": [sft("megatron sft\n    report: {to: [swanlab], swanlabApiKey: {secret: s}}")],
  "a report without a key": [sft("megatron sft\n    report: {to: [wandb]}")],
  "a key without a report": [sft("megatron sft\n    report: {to: [tensorboard], wandbApiKey: {secret: s}}")],
  "a report by DeepSpeed's launcher": [
    ...ofSwift,
    sft("swift sft\n    launcher: deepspeed\n    report: {to: [wandb], wandbApiKey: {secret: s}}"),
  ],
  "LoRA settings for full training": [sft("megatron sft\n    lora: {rank: 8}\n    adapter: /a")],
  "a value that the version's parser refuses": [sft("megatron sft\n    tuner: lora\n    lora: {alpha: 0.5}")],
  "two starts": [sft("megatron sft\n    weights: /w\n    resumeFrom: /r")],
  "no converted weights, and 3.7 reads no others": [[/ {2}convert:\n[\s\S]*? {2}train:\n/, "  train:\n"]],
  "settings of newer versions": [
    sft("megatron sft\n    saveSafetensors: true\n    keepCheckpoints: 3"),
    ["granularity: full, method: uniform, layers: 1", "granularity: none"],
  ],
  "one checkpoint is too few": [...of4, sft("megatron sft\n    keepCheckpoints: 1")],
  "megatron export in 3.7": [["    maxMeanDiff: 0.1\n", "    maxMeanDiff: 0.1\n    tool: megatron export\n"]],
  "parallel without megatron export": [["    maxMeanDiff: 0.1\n", "    maxMeanDiff: 0.1\n    parallel: {tensor: 2}\n"]],
  "an export that does not divide": [
    ...of4,
    ["    maxMeanDiff: 0.1\n", "    maxMeanDiff: 0.1\n    tool: megatron export\n    parallel: {tensor: 2}\n"],
  ],
  "safetensors that are not saved": [["  export:\n", "  export:\n    source: safetensors\n"]],
  "Megatron's checkpoint where only safetensors are saved": [
    ...of4,
    ["  export:\n", "  export:\n    source: checkpoint\n"],
  ],
  "an export where the weights are not": [...of4, ["  export:\n", "  export:\n    node: node-2\n"]],
  "an adapter alone of a full training": [["  export:\n", "  export:\n    mergeLora: false\n"]],
  "arguments that exclude each other": [
    ["no_save_rng: true", "lazy_tokenize: true"],
    [
      "num_workers: 8",
      "fp16: true\n      moe_enable_deepep: true\n      mlp_padding_free: true\n      group_by_length: true",
    ],
  ],
  "streaming without a number of steps": [
    ["no_save_rng: true", "streaming: true"],
    ["packing: true", "packing: false"],
  ],
  "first stage without stages": [
    ["no_save_rng: true", "decoder_first_pipeline_num_layers: 11"],
    ["pipelineParallel: 2", "pipelineParallel: 1"],
  ],
  "modules that are not recomputed": [
    ["granularity: full, method: uniform, layers: 1", "granularity: selective, modules: [attention, mlp]"],
  ],
};

test("what a tool or a version does not have is refused by name", () => {
  const all = Object.entries(newer).map(([name, edits]) => `## ${name}\n${refusal(...edits)}`);
  expect(all.filter(part => part.includes("accepted"))).toEqual([]);
  expectGolden("config/version-checks.txt", all.join("\n"));
});

test.each([
  [15, 1, false],
  [16, 1, true],
  [8, 2, true],
  [7, 2, false],
  [0, 1, true],
])("%i rows in %i epochs make a step: %s", (rows, epochs, isEnough) => {
  // Two ranks of data parallelism, a batch of sixteen.
  const file = text.replace("    epochs: 1\n", `    epochs: ${epochs}\n`);
  const cluster = loadCluster("glm.yaml", { readFile: () => file });
  expect(checkRows(cluster, rows).map(check => check.code)).toEqual(isEnough ? [] : ["no-steps"]);
});

test("a server of what was there before the training is warned of", () => {
  const { warnings } = loadCluster("glm.yaml", {
    readFile: () => changed([/ {2}export:\n[\s\S]*? {2}serve:\n/, "  serve:\n"]),
  });
  expect(warnings.map(problem => problem.path)).toEqual(["pipeline.serve"]);
});

test("an argument of a neighbouring version is warned of, within its own line only", () => {
  const warned = (version: string, line: string) => {
    const edits = version.startsWith("4") ? of4 : [];
    const file = changed(...edits, ["no_save_rng: true", line]).replace(/swift: [\d.]+\n/, `swift: ${version}\n`);
    return loadCluster("glm.yaml", { readFile: () => file }).warnings.map(problem => problem.found);
  };
  expect(warned("3.9.3", "dataloader_pin_memory: true")).toEqual([
    "argument dataloader_pin_memory, which ms-swift 3.12.6 has and 3.7.1 has not",
  ]);
  expect(warned("4.2.3", "dataloader_num_workers: 2")).toEqual([]);
  expect(warned("4.7.0", "nosuch: 2")).toEqual(["argument nosuch"]);
});

test("rows that nobody checks are warned of", () => {
  const { warnings } = loadCluster("glm.yaml", {
    readFile: () => changed(["data: {path: /datasets/tools.jsonl}", "data: {path: /datasets/tools.parquet}"]),
  });
  expect(warnings.map(({ path, found, remedy }) => [path, found, remedy])).toEqual([
    [
      "pipeline.data.path",
      "ms-swift reads .parquet files, but their rows are not checked here",
      expect.stringMatching(/^write it as jsonl: .*"parquet"/),
    ],
  ]);
});

test("a cache of each node for itself is warned of in ms-swift 4", () => {
  const edits = of4.map(([from, to]): [string | RegExp, string] => [from, to.replace("[/shared]", "[/other]")]);
  const { warnings } = loadCluster("glm.yaml", { readFile: () => changed(...edits) });
  expect(warnings.map(problem => problem.found)).toEqual(["modelscopeCache /shared/ms, which is in no shared folder"]);
  expect(loadCluster("glm.yaml", { readFile: () => changed(...of4) }).warnings).toEqual([]);
});

test("each wrong setting has its clear refusal", () => {
  const all = Object.entries(cases).map(([name, edits]) => `## ${name}\n${refusal(...edits)}`);
  expect(all.filter(part => part.includes("accepted"))).toEqual([]);
  expectGolden("config/checks.txt", all.join("\n"));
});

test("the example is right, also against its model", () => {
  const cluster = loadCluster(example);
  expect(checkCluster(cluster, glm)).toEqual([]);
  expect(cluster.warnings).toEqual([]);
});

test("the model's numbers add their rules", () => {
  const cluster = loadCluster(example);
  const odd = { ...glm, heads: 90, keyValueHeads: 6, layers: 45, experts: 100, vocabulary: 151551, maxPositions: 4096 };
  expectGolden(
    "config/model-checks.txt",
    `${checkCluster(cluster, odd)
      .map(c => formatFinding(findingOf(c)))
      .join("\n")}\n`,
  );
});

test("config.json is read in its several spellings", () => {
  const config = { num_hidden_layers: 46, num_attention_heads: 96, num_key_value_heads: 8, vocab_size: 151552 };
  expect(
    modelShapeOf({ ...config, n_routed_experts: 128, max_position_embeddings: 131072, model_type: "glm4_moe" }),
  ).toEqual(glm);
  expect(modelShapeOf({})).toBeUndefined();
});

test("a layout is accepted exactly when it divides", () => {
  const cluster = loadCluster(example);
  const { train } = cluster.pipeline ?? {};
  if (!train) throw new Error("no train");
  const power = fc.constantFrom(1, 2, 3, 4, 5, 8, 16);
  fc.assert(
    fc.property(power, power, fc.integer({ min: 1, max: 64 }), (tensor, stages, batch) => {
      const settings = {
        ...train,
        tensorParallel: tensor,
        pipelineParallel: stages,
        expertParallel: 1,
        globalBatchSize: batch,
      };
      const codes = checkCluster({
        ...cluster,
        pipeline: { ...cluster.pipeline, model: { path: "/m" }, train: settings },
      }).map(c => c.code);
      const fits = 16 % (tensor * stages) === 0;
      expect(codes.includes("world-not-divisible")).toBe(!fits);
      if (fits) expect(codes.includes("batch-not-divisible")).toBe(batch % (16 / (tensor * stages)) !== 0);
    }),
  );
});

test("a loss scale that looks for another dialect's marks is warned of", () => {
  const read = (scale: string) =>
    loadCluster("glm.yaml", { readFile: () => changed(["lossScale: hermes", `lossScale: ${scale}`]) }).warnings;
  expect(read("react")).toMatchObject([
    {
      line: 74,
      path: "pipeline.train.lossScale",
      remedy: "write hermes, or agentTemplate: react_en",
    },
  ]);
  expect(read("default")).toEqual([]);
});
