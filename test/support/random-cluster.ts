import fc from "fast-check";
import { clusterFileJsonSchema } from "../../config/json-schema";
import { type ArgumentShape, knownArguments, listedVersions } from "../../recipes/ms-swift/argument-list";
import { type JsonSchema, randomOf } from "./random-schema";

const nodes = ["node-1", "node-2", "node-3", "node-4"];
const hosts = nodes.map((name, index) => ({ name, address: `10.0.0.${11 + index}` }));
const degree = fc.constantFrom(1, 1, 2, 4, 8);
const path = fc.constantFrom("/models/m", "/models/m-mcore", "/data/rows.jsonl", "/out/a b", "/out/$HOME", "/out/中文");
const nodeList = fc.constantFrom(nodes, nodes.slice(0, 2), ["node-3", "node-1"], ["node-4"], nodes.slice(1));
const gpus = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 8 });

/** Values of a shape of the argument list, as a person writes them in YAML. */
function valueFor(shape: ArgumentShape): fc.Arbitrary<unknown> {
  if (shape.choices) {
    const one = fc.constantFrom(...shape.choices);
    return shape.type === "list" ? fc.array(one, { minLength: 1, maxLength: 2 }) : one;
  }
  switch (shape.type) {
    case "int":
      return fc.integer({ min: -4, max: 4096 });
    case "float":
      return fc.oneof(
        fc.constantFrom(0, 1, 0.1, 1e-5, 1e-7, 2e20),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      );
    case "bool":
      return fc.oneof(fc.boolean(), fc.constantFrom("true", "false", "yes", "no"));
    case "list":
      return fc.oneof(
        fc.array(fc.constantFrom("a", "b c", "1", "-x"), { minLength: 1, maxLength: 3 }),
        fc.constant("one"),
      );
    case "json":
      return fc.constantFrom('{"a": 1}', "{}", '{"x": "y z"}');
    case "text":
      return fc.constantFrom("text", "two words", "a=b", "1", "ü");
  }
}

/**
 * Arguments for which the lists know less than the parser: choices that transformers computes, and what only Python can make (a dict, a
 * dtype), which no command line gives.
 */
export const looseArguments: ReadonlySet<string> = new Set([
  ...["include_num_input_tokens_seen", "liger_kernel_config", "log_level", "log_level_replica", "parallelism_config"],
  ...["torch_dtype", "vllm_engine_kwargs"],
]);

/** Arguments of commands by their own names, of any version. */
function argumentsFor(...commands: string[]): fc.Arbitrary<unknown> {
  const known = commands.flatMap(command =>
    listedVersions.flatMap(version =>
      [...(knownArguments(command, version)?.list.arguments ?? [])].filter(([name]) => !looseArguments.has(name)),
    ),
  );
  const one = fc.constantFrom(...known).chain(([name, shape]) => valueFor(shape).map(value => [name, value] as const));
  return fc.array(one, { maxLength: 4 }).map(pairs => Object.fromEntries(pairs));
}

const chosen: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  cluster: fc.constant("fuzz"),
  hosts: fc.constant(hosts),
  slots: fc.constant(8),
  "image.reference": fc.constantFrom("registry.example/train:1", "train:1-vllm0.10.0-swift"),
  "image.swift": fc.constantFrom("3.7.1", "3.7.1", "3.7.1", "3.8.3", "3.12.6", "3.12.6", "4.6.0", "4.6.0"),
  "image.packages": fc.constantFrom({ apt: true }, { debs: "debs" }, { debs: "debs", apt: true }),
  "image.vllm": fc.constantFrom("0.10.0", "0.10.1", "0.13.0"),
  "pipeline.model.path": path,
  "pipeline.model.type": fc.constantFrom("qwen2_5", "qwen3", "glm4_5"),
  "pipeline.model.template": fc.constantFrom("qwen2_5", "chatml"),
  "pipeline.data.path": path,
  "pipeline.convert.output": path,
  "pipeline.convert.node": fc.constantFrom(...nodes),
  "pipeline.convert.gpus": gpus,
  "pipeline.convert.args": argumentsFor("swift export", "megatron export"),
  "pipeline.train.nodes": nodeList,
  "pipeline.train.output": path,
  "pipeline.train.weights": path,
  "pipeline.train.args": argumentsFor("megatron sft", "megatron rlhf", "swift sft", "swift rlhf"),
  "pipeline.train.tensorParallel": degree,
  "pipeline.train.pipelineParallel": degree,
  "pipeline.train.contextParallel": degree,
  "pipeline.train.expertParallel": degree,
  "pipeline.train.expertTensorParallel": degree,
  "pipeline.train.microBatchSize": fc.constantFrom(1, 2, 3),
  "pipeline.train.globalBatchSize": fc.constantFrom(16, 32, 64, 96, 15),
  "pipeline.train.maxLength": fc.constantFrom(1024, 8192, 32768),
  "pipeline.train.recompute": fc.constantFrom(
    { granularity: "selective" },
    { granularity: "full", method: "uniform", layers: 1 },
    { granularity: "full", method: "block", layers: 2 },
    { granularity: "full" },
  ),
  "pipeline.train.agentTemplate": fc.constantFrom("hermes", "hermes", "react_en", "glm4_5", "nothing"),
  "pipeline.train.lossScale": fc.constantFrom("hermes", "default", "default", "react", "default+hermes"),
  "pipeline.export.output": path,
  "pipeline.export.node": fc.constantFrom(...nodes),
  "pipeline.export.gpus": gpus,
  "pipeline.export.args": argumentsFor("swift export", "megatron export"),
  "pipeline.serve.model": path,
  "pipeline.serve.node": fc.constantFrom(...nodes),
  "pipeline.serve.nodes": nodeList,
  "pipeline.serve.tensorParallel": degree,
  "pipeline.serve.pipelineParallel": degree,
  "pipeline.serve.dataParallel": degree,
  "pipeline.serve.replicas": fc.constantFrom(1, 1, 2),
  "pipeline.infer.node": fc.constantFrom(...nodes),
  "pipeline.infer.gpus": gpus,
  "pipeline.infer.model": path,
  "pipeline.infer.data": path,
  "pipeline.infer.output": path,
  "pipeline.infer.tensorParallel": degree,
  "pipeline.infer.dataParallel": fc.constantFrom(1, 1, 1, 2),
  "pipeline.infer.args": fc.constantFrom({}, { torch_dtype: "float32" }),
  "pipeline.serve.stopForTraining": fc.constantFrom(true, true, true, false),
  "pipeline.serve.gpus": gpus,
  "pipeline.serve.toolCallParser": fc.constantFrom("hermes", "hermes", "glm45", "nothing"),
  "pipeline.serve.args": fc.constantFrom({}, { enforce_eager: true }, { "max-num-seqs": 8 }, { seed: 1 }),
};

/** How often a field is there. Most is the recipes' affair; the rest of the file has tests of its own. */
const presences: Readonly<Record<string, number>> = {
  hosts: 1,
  image: 1,
  inventory: 0,
  pipeline: 1,
  "pipeline.data": 0.95,
  "pipeline.data.path": 1,
  "pipeline.data.file": 0.02,
  "pipeline.data.sets": 0.02,
  "pipeline.data.validation": 0.02,
  "pipeline.data.validationShare": 0.05,
  "pipeline.convert": 0.9,
  "pipeline.convert.parallel": 0.05,
  "pipeline.export.parallel": 0.05,
  "pipeline.train": 0.9,
  "pipeline.train.epochs": 0.95,
  "pipeline.train.iterations": 0.05,
  "pipeline.train.recompute": 0.5,
  "pipeline.train.lossScaleFile": 0.02,
  "pipeline.train.deepspeed": 0.05,
  "pipeline.train.rlhf": 0.05,
  "pipeline.train.report": 0.1,
  "pipeline.gather": 0.7,
  "pipeline.serve.gpus": 0.1,
  "pipeline.serve.nodes": 0.1,
  "pipeline.serve.tensorParallel": 0.05,
  "pipeline.serve.pipelineParallel": 0.05,
  "pipeline.serve.dataParallel": 0.05,
  "pipeline.serve.backend": 0.05,
  "pipeline.serve.executor": 0.05,
  "pipeline.serve.replicas": 0.05,
  "pipeline.serve.router": 0.05,
  "pipeline.infer": 0.1,
  "pipeline.infer.gpus": 0.1,
  "pipeline.infer.tensorParallel": 0.05,
  "pipeline.serve.stopForTraining": 0.9,
  "pipeline.smoke": 0.4,
};

function presence(field: string): number {
  const own = presences[field];
  if (own !== undefined) return own;
  if (/^pipeline\.[a-zA-Z]+$/.test(field)) return 0.5;
  return field.startsWith("pipeline.") ? 0.25 : 0.02;
}

type Step = Record<string, unknown>;
type Pipeline = Record<string, Step | undefined>;

/** Of arguments by their own names only those that the version's tool has. */
function settleArguments(step: Step | undefined, usualTool: string, version: string): void {
  if (!step?.args) return;
  const known = knownArguments(String(step.tool ?? usualTool), version)?.list.arguments;
  step.args = Object.fromEntries(Object.entries(step.args).filter(([name]) => known?.has(name)));
}

/** Sizes that divide, and one length. */
function settleTraining(train: Step): void {
  if (train.iterations !== undefined) delete train.epochs;
  else train.epochs ??= 1;
  const size = (field: string): number => Number(train[field] ?? 1);
  if (8 % (size("tensorParallel") * size("pipelineParallel") * size("contextParallel")) !== 0) {
    train.pipelineParallel = 1;
    train.contextParallel = 1;
  }
  if (8 % (size("expertParallel") * size("pipelineParallel") * size("tensorParallel")) !== 0) train.expertParallel = 1;
  if (train.expertTensorParallel !== undefined) train.expertTensorParallel = 1;
  train.sequenceParallel = true;
  train.globalBatchSize = size("microBatchSize") * 8 * (Array.isArray(train.nodes) ? train.nodes.length : 1);
  delete train.minLearningRate;
}

/** What a person would put right after the first refusals: steps that lack another one, and what does not fit together. */
function settled(file: unknown): unknown {
  const copy = structuredClone(file) as { image?: { reference: string; swift: string }; pipeline: Pipeline };
  const { pipeline } = copy;
  // A file that runs without containers may leave it out.
  copy.image ??= { reference: "train:4.6.0", swift: "4.6.0" };
  const { image } = copy;
  const { train, convert, serve } = pipeline;
  settleArguments(train, "megatron sft", image.swift);
  settleArguments(convert, "swift export", image.swift);
  settleArguments(pipeline.export, "swift export", image.swift);
  if (train) {
    settleTraining(train);
    if (!convert && train.weights === undefined) pipeline.convert = { output: "/models/m-mcore" };
    pipeline.data ??= { path: "/data/rows.jsonl" };
    pipeline.gather ??= {};
    if (serve) serve.stopForTraining = true;
  } else delete pipeline.gather;
  if (!serve) delete pipeline.smoke;
  return copy;
}

/**
 * Cluster files as values: most of them consistent in themselves, a part with all that single fields allow, a part with fields of
 * something else.
 */
export function randomClusterFile(): fc.Arbitrary<unknown> {
  const schema = clusterFileJsonSchema() as JsonSchema;
  const right = randomOf(schema, { chosen, presence, junk: 0 });
  return fc.oneof(
    { arbitrary: right.map(settled), weight: 5 },
    { arbitrary: right, weight: 2 },
    { arbitrary: randomOf(schema, { chosen, presence, junk: 0.02 }), weight: 2 },
  );
}
