import { requireProfile } from "../../recipes/ms-swift/profile";
import { isMegatron, isShared, startWeights } from "../../recipes/ms-swift/start";
import type { Check, CheckRule } from "../check";
import type { Cluster } from "../schema";
import type { TrainSettings } from "../schema/pipeline";
import { brokenRules, type Rule } from "./problem-at";

/** Settings of a training that its tool, its launcher or its version of ms-swift does not have. */
export const checkTrainingTool: CheckRule = cluster => {
  const train = cluster.pipeline?.train;
  if (!train) return [];
  const ofTool = isMegatron(train) ? megatronOnly(cluster, train) : swiftOnly(train);
  return [
    ...brokenRules([...ofTool, ...either(cluster, train)]),
    ...ofLauncher(cluster, train),
    ...cache(cluster, train),
  ];
};

function megatronOnly({ image, pipeline }: Cluster, train: TrainSettings): Rule[] {
  const profile = requireProfile(image.swift);
  const { keepCheckpoints: keep, recompute } = train;
  const here = `ms-swift ${image.swift}`;
  return [
    [
      train.deepspeed !== undefined,
      "train.deepspeed",
      "setting-of-another-tool",
      `deepspeed with ${train.tool}`,
      "Megatron's own parallelism, which needs no DeepSpeed",
      "remove deepspeed, or write tool: swift sft",
    ],
    [
      train.launcher === "deepspeed",
      "train.launcher",
      "setting-of-another-tool",
      `launcher deepspeed with ${train.tool}`,
      "torchrun: megatron starts nothing else",
      "remove launcher",
    ],
    [
      train.saveSafetensors === true && profile.savesSafetensors(image.swift) === "never",
      "train.saveSafetensors",
      "setting-of-another-version",
      `saveSafetensors with ${here}`,
      "ms-swift 3.10 or newer",
      "remove it, and add export, which converts the weights",
    ],
    [
      keep !== undefined && !profile.hasKeepLimit(image.swift),
      "train.keepCheckpoints",
      "setting-of-another-version",
      `keepCheckpoints with ${train.tool} of ${here}`,
      "ms-swift 4: before, Megatron keeps every checkpoint",
      "remove it, and save less often: saveEverySteps",
    ],
    [
      keep === 1 && profile.hasKeepLimit(image.swift),
      "train.keepCheckpoints",
      "too-few-checkpoints",
      "keepCheckpoints 1",
      "at least 2: Megatron deletes the old one only when the new one is whole",
      "write keepCheckpoints: 2",
    ],
    [
      recompute?.granularity === "none" && !profile.hasNoRecompute(image.swift),
      "train.recompute.granularity",
      "setting-of-another-version",
      `granularity none with ${here}`,
      "selective or full; none came with 3.12",
      "write granularity: selective, which is ms-swift's default",
    ],
    [
      startWeights({ image, pipeline } as Cluster, train) === undefined && train.resumeFrom === undefined,
      "train",
      "step-missing",
      `a training without Megatron weights, and ${here} reads no others`,
      "the step it depends on",
      "add convert, or train.weights",
    ],
  ];
}

function swiftOnly(train: TrainSettings): Rule[] {
  const { tool } = train;
  const degrees = ["tensorParallel", "pipelineParallel", "contextParallel", "expertParallel"] as const;
  const remedy = "remove it, or write tool: megatron sft";
  const code = "setting-of-another-tool";
  return [
    ...degrees.map(
      (name): Rule => [
        train[name] > 1,
        `train.${name}`,
        code,
        `${name} ${train[name]} with ${tool}`,
        "1: Hugging Face's trainer splits the state with DeepSpeed",
        `${remedy}; deepspeed: zero3 splits the weights`,
      ],
    ),
    [
      train.expertTensorParallel !== undefined,
      "train.expertTensorParallel",
      code,
      `expertTensorParallel with ${tool}`,
      "Megatron",
      remedy,
    ],
    [train.sequenceParallel, "train.sequenceParallel", code, `sequenceParallel with ${tool}`, "Megatron", remedy],
    [
      train.recompute?.method !== undefined || train.recompute?.layers !== undefined,
      "train.recompute",
      code,
      `method and layers of recompute with ${tool}`,
      "granularity alone: the trainer recomputes every layer or none",
      "write recompute: {granularity: full}",
    ],
    [
      train.saveSafetensors === false,
      "train.saveSafetensors",
      code,
      `saveSafetensors false with ${tool}`,
      "Hugging Face weights, which it always saves",
      "remove it",
    ],
  ];
}

function either({ pipeline }: Cluster, train: TrainSettings): Rule[] {
  const secrets = Object.keys(train.env).filter(name => /(_API_KEY|_TOKEN|_PASSWORD|_SECRET)$/.test(name));
  return [
    [
      train.lora !== undefined && train.tuner === "full",
      "train.lora",
      "lora-without-tuner",
      "lora with tuner full",
      "tuner: lora",
      "write tuner: lora, or remove lora",
    ],
    [
      train.adapter !== undefined && train.tuner === "full",
      "train.adapter",
      "lora-without-tuner",
      "an adapter with tuner full, which ms-swift makes lora without a word",
      "tuner: lora",
      "write tuner: lora, or remove adapter",
    ],
    [
      train.resumeFrom !== undefined && train.weights !== undefined,
      "train.weights",
      "two-starts",
      "weights and resumeFrom",
      "one of the two: a checkpoint that is resumed has its weights",
      "remove one",
    ],
    [
      Boolean(pipeline?.gather) && !isMegatron(train),
      "gather",
      "step-without-use",
      `gather after ${train.tool}`,
      "Megatron's shards; Hugging Face's trainer saves whole weights on the first node",
      "remove gather",
    ],
    ...secrets.map(
      (name): Rule => [
        true,
        `train.env.${name}`,
        "secret-in-environment",
        `${name} in plain text [secret]`,
        "a secret of the stack",
        "write report: {wandbApiKey: {secret: NAME}} or swanlabApiKey, and change the secret: it has been in a file",
      ],
    ),
  ];
}

/** DeepSpeed's launcher gives all nodes the first one's variables, and numbers them as the hostfile does. */
function ofLauncher({ hosts, network }: Cluster, train: TrainSettings): Check[] {
  if (train.launcher !== "deepspeed" || isMegatron(train)) return [];
  const chosen = typeof network.interface === "string" ? {} : network.interface;
  const interfaces = new Set(train.nodes.map(node => chosen[node]));
  const order = hosts.map(host => host.name).filter(name => train.nodes.includes(name));
  return brokenRules([
    [
      interfaces.size > 1,
      "train.launcher",
      "deepspeed-one-interface",
      `launcher deepspeed, and interfaces ${[...interfaces].join(", ")}`,
      "one interface on all nodes: the launcher gives them the NCCL variables of the first",
      "remove launcher: torchrun has variables of its own on each node",
    ],
    [
      order.join() !== train.nodes.join(),
      "train.nodes",
      "deepspeed-order",
      `nodes ${train.nodes.join(", ")}`,
      `the order of the hosts, ${order.join(", ")}: the launcher takes that of the hostfile`,
      `write nodes: [${order.join(", ")}], or remove launcher`,
    ],
  ]);
}

/** ms-swift 4: nodes that preprocess for themselves may see the data in another order, and then wait for each other. */
function cache(cluster: Cluster, train: TrainSettings): Check[] {
  const { pipeline, image } = cluster;
  const folder = pipeline?.modelscopeCache;
  const isRisky = train.nodes.length > 1 && isMegatron(train) && !requireProfile(image.swift).needsMegatronLm;
  if (!isRisky || (folder !== undefined && isShared(cluster, folder))) return [];
  const found =
    folder === undefined
      ? "no modelscopeCache for several nodes"
      : `modelscopeCache ${folder}, which is in no shared folder`;
  const remedy = "write modelscopeCache: a folder of an NFS mount, and name the mount in sharedFolders";
  const expected = "one cache for all nodes: ms-swift 4 may hang when they preprocess each for itself";
  return brokenRules(
    [[true, folder === undefined ? "train" : "modelscopeCache", "cache-not-shared", found, expected, remedy]],
    "warning",
  );
}
