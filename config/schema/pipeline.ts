import { z } from "zod";
import { data } from "./data";
import {
  absolutePath,
  environment,
  gpuList,
  isDistinct,
  localPath,
  nodeName,
  portNumber,
  quantity,
  secretRef,
  upstreamArguments,
} from "./values";

const degree = z.int().min(1);

const precision = {
  testPrecision: z
    .boolean()
    .default(true)
    .describe("Compare the outputs of both formats. Needs memory for two models."),
  maxMeanDiff: z.number().positive().default(0.1).describe("The conversion fails above this mean difference."),
};

const model = z.strictObject({
  path: absolutePath.describe("Folder of the Hugging Face weights, in the container, the same on every node."),
  type: z.string().min(1).optional().describe("ms-swift's model_type, if the folder does not tell."),
});

const placement = {
  node: nodeName.optional().describe("Default: the first training node, else the first host."),
  gpus: gpuList.default([0]).describe("GPUs that the step claims."),
};

const convert = z
  .strictObject({
    output: absolutePath,
    ...precision,
    ...placement,
    threadCount: z.int().min(1).optional().describe("Number of shard files. Default: by size."),
    args: upstreamArguments.default({}),
    waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120),
  })
  .describe("Hugging Face weights to Megatron's format.");

const recompute = z.strictObject({
  granularity: z.enum(["selective", "full"]),
  method: z.enum(["uniform", "block"]).optional(),
  layers: z.int().min(1).optional(),
});

const train = z
  .strictObject({
    nodes: z
      .array(nodeName)
      .min(1)
      .refine(isDistinct, "each node once")
      .describe("Named one by one: a new host never retrains."),
    output: absolutePath.describe("Folder of the checkpoints. No version folder is added to it."),
    tool: z.enum(["megatron sft", "megatron pt"]).default("megatron sft"),
    weights: absolutePath.optional().describe("Megatron weights to start from. Default: the output of convert."),
    tuner: z.enum(["full", "lora"]).default("full"),
    learningRate: z.number().positive().optional().describe("Default: full 1e-5, lora 1e-4."),
    minLearningRate: z
      .number()
      .min(0)
      .optional()
      .describe("Default: a tenth of the learning rate's default: full 1e-6, lora 1e-5."),
    warmupFraction: z.number().min(0).max(1).optional(),
    epochs: z.int().min(1).optional(),
    iterations: z.int().min(1).optional().describe("Steps of the optimizer; instead of epochs."),
    globalBatchSize: degree.default(16),
    microBatchSize: degree.default(1),
    tensorParallel: degree.default(1),
    pipelineParallel: degree.default(1),
    contextParallel: degree.default(1),
    expertParallel: degree.default(1),
    expertTensorParallel: degree.optional(),
    sequenceParallel: z.boolean().default(false),
    maxLength: z.int().min(1).optional().describe("Tokens. Longer rows are deleted by ms-swift, so set it."),
    packing: z.boolean().default(false),
    recompute: recompute.optional(),
    agentTemplate: z.string().min(1).optional().describe("Dialect of the tool calls that is trained."),
    lossScale: z.string().min(1).optional(),
    lossScaleFile: localPath
      .optional()
      .describe("Weights of your own: a JSON file on the operator's side. From ms-swift 3.12 on behind lossScale."),
    saveEverySteps: z.int().min(1).optional(),
    logEverySteps: z.int().min(1).optional(),
    env: environment.default({}),
    args: upstreamArguments
      .default({})
      .describe("Any argument of the tool by its own name. Checked against the version's list."),
    waitMinutes: quantity("minutes", "How long `up` waits. The training goes on afterwards.").default(60),
  })
  .describe("The training, over the named nodes.");

const gather = z
  .strictObject({ waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120) })
  .describe("Brings the shards of all training nodes together on the first one.");

const exportBack = z
  .strictObject({
    output: absolutePath,
    ...precision,
    ...placement,
    args: upstreamArguments.default({}),
    waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120),
  })
  .describe("Megatron's format back to Hugging Face weights.");

const serve = z
  .strictObject({
    engine: z.enum(["vllm", "sglang"]).default("vllm"),
    ...placement,
    model: absolutePath.optional().describe("Default: the output of export."),
    port: portNumber.default(6060),
    servedModelName: z
      .string()
      .regex(/^[^:\s]+$/, "a name without colon and space")
      .optional()
      .describe("Default: the last part of the model's path."),
    maxModelLen: z.int().min(1).optional().describe("Tokens."),
    memoryFraction: z.number().positive().max(1).optional().describe("Share of a GPU's memory that the server takes."),
    toolCallParser: z.string().min(1).optional(),
    reasoningParser: z.string().min(1).optional(),
    apiKey: secretRef.optional().describe("Default: one is generated."),
    env: environment.default({}),
    args: upstreamArguments.default({}),
    stopForTraining: z.boolean().default(false).describe("A new training may stop the server to take its GPUs."),
    readyMinutes: quantity("minutes", "How long the server may take to be ready.").default(30),
  })
  .describe("A server of the trained weights with the OpenAI API.");

const smoke = z
  .strictObject({
    prompt: z.string().min(1).default("你好，你是谁？"),
    maxTokens: z.int().min(1).default(8192),
    temperature: z.number().min(0).default(0.7),
    topP: z.number().positive().max(1).optional(),
    topK: z.int().min(1).optional(),
    presencePenalty: z.number().min(-2).max(2).optional(),
    enableThinking: z.boolean().optional().describe("Passed to the chat template."),
    timeoutSeconds: quantity("seconds", "How long the reply may take.").default(300),
  })
  .describe("One chat request that must be answered by the served model.");

export const pipeline = z
  .strictObject({
    model,
    data: data.optional(),
    megatronLm: absolutePath
      .optional()
      .describe("Checkout of Megatron-LM in the container (MEGATRON_LM_PATH), for ms-swift 3."),
    modelscopeCache: absolutePath.optional().describe("MODELSCOPE_CACHE. On a shared disk it saves preprocessing."),
    convert: convert.optional(),
    train: train.optional(),
    gather: gather.optional(),
    export: exportBack.optional(),
    serve: serve.optional(),
    smoke: smoke.optional(),
  })
  .describe("What runs on the cluster, in this order. Each part may be left out.");

export type PipelineSettings = z.infer<typeof pipeline>;
export type TrainSettings = z.infer<typeof train>;
export type ConvertSettings = z.infer<typeof convert>;
export type ExportSettings = z.infer<typeof exportBack>;
export type ServeSettings = z.infer<typeof serve>;
export type SmokeSettings = z.infer<typeof smoke>;
export type DataSettings = z.infer<typeof data>;
