import { z } from "zod";
import { convert, exportBack, placement } from "./conversion";
import { data } from "./data";
import { train } from "./train";
import { absolutePath, environment, portNumber, quantity, secretRef, upstreamArguments } from "./values";

const model = z.strictObject({
  path: absolutePath.describe("Folder of the Hugging Face weights, in the container, the same on every node."),
  type: z.string().min(1).optional().describe("ms-swift's model_type, if the folder does not tell."),
  template: z.string().min(1).optional().describe("ms-swift's chat template, if the model's type does not tell."),
});

const gather = z
  .strictObject({ waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120) })
  .describe("Brings the shards of all training nodes together on the first one.");

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
    modelscopeCache: absolutePath
      .optional()
      .describe("MODELSCOPE_CACHE. In a shared folder one node's preprocessing is good for all."),
    sharedFolders: z
      .array(absolutePath)
      .optional()
      .describe("Folders in the container that are one and the same storage on every node, such as an NFS mount."),
    convert: convert.optional(),
    train: train.optional(),
    gather: gather.optional(),
    export: exportBack.optional(),
    serve: serve.optional(),
    smoke: smoke.optional(),
  })
  .describe("What runs on the cluster, in this order. Each part may be left out.");

export type PipelineSettings = z.infer<typeof pipeline>;
export type { ConvertSettings, ExportSettings } from "./conversion";
export type { TrainSettings } from "./train";
export type ServeSettings = z.infer<typeof serve>;
export type SmokeSettings = z.infer<typeof smoke>;
export type DataSettings = z.infer<typeof data>;
