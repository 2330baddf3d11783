import { requireProfile } from "../../recipes/ms-swift/profile";
import { isMegatron } from "../../recipes/ms-swift/start";
import type { Check, CheckRule, ModelShape } from "../check";
import type { Cluster } from "../schema";
import type { TrainSettings } from "../schema/pipeline";
import { checkAccumulation, tooLong } from "./accumulation";

interface World {
  readonly train: TrainSettings;
  readonly size: number;
  /** Tensor, pipeline and context parallelism together. */
  readonly modelParallel: number;
  readonly expertTensor: number;
}

/** Rules of Megatron's world layout; each raises on every rank at run time (Megatron-LM core_r0.13.0, ms-swift 3.7.1). */
export const checkParallelism: CheckRule = (cluster, model) => {
  const train = cluster.pipeline?.train;
  if (!train) return [];
  if (!isMegatron(train)) return checkAccumulation(cluster, train, model);
  const world = worldOf(cluster, train);
  const checks = [...layout(world), ...batch(world), ...experts(world, model), ...sequence(world, model, cluster)];
  return model ? [...checks, ...againstModel(world, model)] : checks;
};

function worldOf(cluster: Cluster, train: TrainSettings): World {
  const profile = requireProfile(cluster.image.swift);
  return {
    train,
    size: train.nodes.length * cluster.slots,
    modelParallel: train.tensorParallel * train.pipelineParallel * train.contextParallel,
    expertTensor:
      train.expertTensorParallel ?? profile.expertTensorParallelDefault(cluster.image.swift, train.tensorParallel),
  };
}

function at(field: string): readonly string[] {
  return ["pipeline", "train", field];
}

function layout({ train, size, modelParallel }: World): Check[] {
  if (size % modelParallel === 0) return [];
  const field =
    train.tensorParallel > 1 ? "tensorParallel" : train.pipelineParallel > 1 ? "pipelineParallel" : "contextParallel";
  return [
    {
      code: "world-not-divisible",
      severity: "error",
      path: at(field),
      found: `tensorParallel ${train.tensorParallel} x pipelineParallel ${train.pipelineParallel} x contextParallel ${train.contextParallel} = ${modelParallel}`,
      expected: `a divisor of ${size}, the number of processes (${train.nodes.length} nodes x ${size / train.nodes.length} slots)`,
      remedy: `choose them so that their product is one of ${divisors(size).join(", ")}`,
    },
  ];
}

function batch({ train, size, modelParallel }: World): Check[] {
  if (size % modelParallel !== 0) return [];
  const dataParallel = size / modelParallel;
  const unit = train.microBatchSize * dataParallel;
  if (train.globalBatchSize % unit === 0) return [];
  return [
    {
      code: "batch-not-divisible",
      severity: "error",
      path: at("globalBatchSize"),
      found: `globalBatchSize ${train.globalBatchSize}`,
      expected: `a multiple of ${unit} (microBatchSize ${train.microBatchSize} x ${dataParallel} data-parallel ranks)`,
      remedy: `write ${Math.ceil(train.globalBatchSize / unit) * unit}`,
    },
  ];
}

function experts({ train, size, expertTensor }: World, model: ModelShape | undefined): Check[] {
  const checks: Check[] = [];
  const product = expertTensor * train.expertParallel * train.pipelineParallel;
  if (train.expertParallel > 1 && size % product !== 0) {
    checks.push({
      code: "experts-not-divisible",
      severity: "error",
      path: at("expertParallel"),
      found: `expertTensorParallel ${expertTensor} x expertParallel ${train.expertParallel} x pipelineParallel ${train.pipelineParallel} = ${product}`,
      expected: `a divisor of ${size}, the number of processes`,
      remedy:
        "lower expertParallel, or write expertTensorParallel: 1 (ms-swift before 3.9 takes tensorParallel for it)",
    });
  }
  if (model && train.expertParallel > 1 && (model.experts ?? 0) % train.expertParallel !== 0) {
    checks.push({
      code: "experts-uneven",
      severity: "error",
      path: at("expertParallel"),
      found: `expertParallel ${train.expertParallel} for ${model.experts} experts`,
      expected: "a divisor of the number of experts",
      remedy: `choose one of ${divisors(model.experts ?? 1)
        .slice(0, 12)
        .join(", ")}`,
    });
  }
  if (model && model.experts === undefined && train.expertParallel > 1) {
    checks.push({
      code: "no-experts",
      severity: "error",
      path: at("expertParallel"),
      found: `expertParallel ${train.expertParallel} for a model without experts`,
      expected: "1",
      remedy: "remove expertParallel",
    });
  }
  return checks;
}

function sequence({ train }: World, model: ModelShape | undefined, cluster: Cluster): Check[] {
  const checks: Check[] = [];
  const isMixture = model ? model.experts !== undefined : train.expertParallel > 1;
  if (isMixture && train.tensorParallel > 1 && !train.sequenceParallel) {
    checks.push({
      code: "mixture-needs-sequence-parallel",
      severity: "error",
      path: at("sequenceParallel"),
      found: "a mixture of experts with tensorParallel above 1 and sequenceParallel false",
      expected: "sequenceParallel: true",
      remedy: "write sequenceParallel: true",
    });
  }
  if (train.args.tp_comm_overlap === true && !train.sequenceParallel) {
    checks.push({
      code: "overlap-needs-sequence-parallel",
      severity: "error",
      path: [...at("args"), "tp_comm_overlap"],
      found: "tp_comm_overlap without sequenceParallel",
      expected: "sequenceParallel: true",
      remedy: "write sequenceParallel: true, or remove tp_comm_overlap",
    });
  }
  if (
    train.contextParallel > 1 &&
    train.maxLength !== undefined &&
    train.maxLength % (2 * train.contextParallel) !== 0
  ) {
    checks.push({
      code: "length-not-divisible",
      severity: "error",
      path: at("maxLength"),
      found: `maxLength ${train.maxLength}`,
      expected: `a multiple of ${2 * train.contextParallel} (2 x contextParallel)`,
      remedy: `write ${Math.ceil(train.maxLength / (2 * train.contextParallel)) * 2 * train.contextParallel}`,
    });
  }
  if (train.tensorParallel > cluster.slots) {
    checks.push({
      code: "tensor-parallel-over-nodes",
      severity: "warning",
      path: at("tensorParallel"),
      found: `tensorParallel ${train.tensorParallel} with ${cluster.slots} slots a node`,
      expected: "tensor parallelism inside one node",
      remedy: "use pipelineParallel between nodes: tensor parallelism over a network is slow",
    });
  }
  return checks;
}

function againstModel({ train }: World, model: ModelShape): Check[] {
  const checks: Check[] = [];
  const parts: [string, number][] = [
    ["attention heads", model.heads],
    // ms-swift 3 gives DeepSeek's family no query groups, so there is nothing to divide.
    ...(model.modelType?.startsWith("deepseek")
      ? []
      : [["key-value heads", model.keyValueHeads ?? model.heads] as [string, number]]),
    ["words of the vocabulary", model.vocabulary],
  ];
  for (const [what, count] of parts) {
    if (count % train.tensorParallel === 0) continue;
    checks.push({
      code: "tensor-parallel-uneven",
      severity: "error",
      path: at("tensorParallel"),
      found: `tensorParallel ${train.tensorParallel} for ${count} ${what}`,
      expected: `a divisor of ${count}`,
      remedy: `choose one of ${divisors(count).slice(0, 8).join(", ")}`,
    });
  }
  const uneven = unevenStages(train, model.layers);
  if (uneven) checks.push(uneven);
  checks.push(...tooLong(train, model));
  return checks;
}

/** Layers over pipeline stages; the first and the last stage may be given a number of their own. */
function unevenStages(train: TrainSettings, layers: number): Check | undefined {
  const stages = train.pipelineParallel;
  const given = ["decoder_first_pipeline_num_layers", "decoder_last_pipeline_num_layers"].map(name => train.args[name]);
  const own = given.filter(value => typeof value === "number");
  const rest = layers - own.reduce((sum, value) => sum + value, 0);
  const middle = stages - own.length;
  if (middle > 0 ? rest > 0 && rest % middle === 0 : rest === 0) return undefined;
  return {
    code: "layers-uneven",
    severity: "error",
    path: at("pipelineParallel"),
    found: `pipelineParallel ${stages} for ${layers} layers`,
    expected: own.length > 0 ? `${rest} layers to be a multiple of ${middle} middle stages` : `a divisor of ${layers}`,
    remedy: `choose one of ${divisors(layers).join(", ")}, or set decoder_first_pipeline_num_layers and decoder_last_pipeline_num_layers in args`,
  };
}

function divisors(of: number): number[] {
  return Array.from({ length: of }, (_, i) => i + 1).filter(n => of % n === 0);
}
