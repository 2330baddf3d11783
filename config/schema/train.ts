import { z } from "zod";
import { report, rlhf } from "./train-parts";
import { absolutePath, environment, isDistinct, localPath, nodeName, quantity, upstreamArguments } from "./values";

const degree = z.int().min(1);

const recompute = z.strictObject({
  granularity: z.enum(["selective", "full", "none"]),
  method: z.enum(["uniform", "block"]).optional(),
  layers: z.int().min(1).optional(),
  modules: z.array(z.string().min(1)).min(1).optional().describe("Of selective. Default: core_attn."),
});

const lora = z.strictObject({
  rank: z.int().min(1).optional().describe("Default: 8."),
  alpha: z.number().positive().optional().describe("Default: 32."),
  dropout: z.number().min(0).max(1).optional().describe("Default: 0.05."),
  targetModules: z.array(z.string().min(1)).min(1).optional().describe("Default: all-linear."),
  rankStabilized: z.boolean().optional().describe("Scale by the root of the rank (rsLoRA)."),
});

export const train = z
  .strictObject({
    nodes: z
      .array(nodeName)
      .min(1)
      .refine(isDistinct, "each node once")
      .describe("Named one by one: a new host never retrains."),
    output: absolutePath.describe("Folder of the checkpoints. No version folder is added to it."),
    tool: z
      .enum(["megatron sft", "megatron pt", "megatron rlhf", "swift sft", "swift pt", "swift rlhf"])
      .default("megatron sft")
      .describe("megatron: Megatron's parallelism. swift: Hugging Face's trainer, with DeepSpeed if it is given."),
    launcher: z
      .enum(["torchrun", "deepspeed"])
      .default("torchrun")
      .describe("deepspeed: started on the first node alone, which reaches the others by pdsh. For swift tools."),
    weights: absolutePath
      .optional()
      .describe(
        "Weights to start from: Megatron's, for swift tools Hugging Face's. Default: what convert made, else the model.",
      ),
    resumeFrom: absolutePath
      .optional()
      .describe("Checkpoint to go on from, with optimizer, random state and step count."),
    adapter: absolutePath.optional().describe("LoRA adapter to go on from, as new weights."),
    tuner: z.enum(["full", "lora"]).default("full"),
    lora: lora.optional(),
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
    deepspeed: z
      .union([
        z.enum(["zero0", "zero1", "zero2", "zero3", "zero2_offload", "zero3_offload"]),
        absolutePath.describe("A configuration of DeepSpeed, in the container."),
      ])
      .optional()
      .describe("For swift tools: how DeepSpeed splits the model's state, or the path of its own configuration."),
    agentTemplate: z.string().min(1).optional().describe("Dialect of the tool calls that is trained."),
    lossScale: z.string().min(1).optional(),
    lossScaleFile: localPath
      .optional()
      .describe("Weights of your own: a JSON file on the operator's side. From ms-swift 3.12 on behind lossScale."),
    rlhf: rlhf.optional(),
    saveEverySteps: z.int().min(1).optional(),
    logEverySteps: z.int().min(1).optional(),
    keepCheckpoints: z.int().min(1).optional().describe("Older checkpoints are deleted. Default: all are kept."),
    saveSafetensors: z
      .boolean()
      .optional()
      .describe("Hugging Face weights in each checkpoint, which then needs no conversion. Default: ms-swift's."),
    report: report.optional(),
    env: environment.default({}),
    args: upstreamArguments
      .default({})
      .describe("Any argument of the tool by its own name. Checked against the version's list."),
    waitMinutes: quantity("minutes", "How long `up` waits. The training goes on afterwards.").default(60),
  })
  .describe("The training, over the named nodes.");

export type TrainSettings = z.infer<typeof train>;
