import { z } from "zod";
import { absolutePath, isDistinct, secretRef } from "./values";

export const report = z
  .strictObject({
    to: z
      .array(z.enum(["tensorboard", "wandb", "swanlab"]))
      .min(1)
      .refine(isDistinct, "each once"),
    project: z.string().min(1).optional(),
    name: z.string().min(1).optional().describe("Name of the run."),
    offline: z
      .boolean()
      .default(false)
      .describe("Records are written on the node and sent nowhere; for sites without internet. Needs no key."),
    wandbApiKey: secretRef.optional(),
    swanlabApiKey: secretRef.optional(),
  })
  .describe("Where the training's curves go. Keys travel in the environment, never as arguments.");

export const rlhf = z
  .strictObject({
    type: z.enum(["dpo", "orpo", "simpo", "kto", "cpo", "rm", "ppo", "grpo", "gkd"]),
    beta: z.number().min(0).optional(),
    reference: absolutePath.optional().describe("Weights of the reference model. Default: those of the start."),
    rewardFunctions: z.array(z.string().min(1)).min(1).optional().describe("For grpo, such as accuracy and format."),
    generations: z.int().min(2).optional().describe("For grpo: answers to each prompt. Default: 8."),
    maxCompletionLength: z.int().min(1).optional().describe("For grpo: tokens of an answer."),
    rollout: z
      .enum(["colocate", "server"])
      .optional()
      .describe("For grpo: vLLM on the training's own GPUs, or a server (its address in args). Default: no vLLM."),
  })
  .describe("For rlhf tools.");

export type ReportSettings = z.infer<typeof report>;
export type RlhfSettings = z.infer<typeof rlhf>;
