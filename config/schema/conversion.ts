import { z } from "zod";
import { absolutePath, gpuList, nodeName, quantity, upstreamArguments } from "./values";

/** Where a step of one node runs. */
export const placement = {
  node: nodeName.optional().describe("Default: the first training node, else the first host."),
  gpus: gpuList.default([0]).describe("GPUs that the step claims."),
};

const parallel = z.strictObject({
  tensor: z.int().min(1).default(1),
  pipeline: z.int().min(1).default(1),
  expert: z.int().min(1).default(1),
});

const conversion = {
  tool: z
    .enum(["swift export", "megatron export"])
    .default("swift export")
    .describe(
      "megatron export: one process for each of gpus, for models that one GPU cannot hold. ms-swift 3.10 or newer.",
    ),
  parallel: parallel.optional().describe("How megatron export splits the model over gpus."),
  testPrecision: z
    .boolean()
    .default(true)
    .describe("Compare the outputs of both formats. Needs memory for two models."),
  maxMeanDiff: z.number().positive().default(0.1).describe("The conversion fails above this mean difference."),
  ...placement,
};

const tail = {
  args: upstreamArguments.default({}),
  waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120),
};

export const convert = z
  .strictObject({
    output: absolutePath,
    ...conversion,
    threadCount: z.int().min(1).optional().describe("Number of shard files. Default: by size."),
    ...tail,
  })
  .describe("Hugging Face weights to Megatron's format. ms-swift 3.12 or newer trains without it.");

export const exportBack = z
  .strictObject({
    output: absolutePath,
    source: z
      .enum(["checkpoint", "safetensors"])
      .optional()
      .describe(
        "checkpoint: converts Megatron's. safetensors: takes the weights that the training itself has saved, which need no " +
          "conversion. Default: safetensors if the training saves them.",
      ),
    checkpoint: absolutePath.optional().describe("Default: the newest one of the training."),
    base: z
      .enum(["explicit", "recorded"])
      .default("explicit")
      .describe("Where a LoRA finds its base. recorded: by the paths in its args.json, which must still be there."),
    mergeLora: z.boolean().default(true).describe("false: the adapter alone, with megatron export."),
    ...conversion,
    ...tail,
  })
  .describe("Megatron's format back to Hugging Face weights.");

export type ConvertSettings = z.infer<typeof convert>;
export type ExportSettings = z.infer<typeof exportBack>;
