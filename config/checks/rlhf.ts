import { requireProfile } from "../../recipes/ms-swift/profile";
import type { CheckRule } from "../check";
import { brokenRules } from "./problem-at";

/** Rules of learning from preferences and rewards. */
export const checkRlhf: CheckRule = ({ pipeline, image }) => {
  const train = pipeline?.train;
  if (!train) return [];
  const { rlhf, tool } = train;
  const isTool = tool.endsWith(" rlhf");
  if (!rlhf || !isTool) {
    return brokenRules([
      [
        isTool,
        "train",
        "rlhf-missing",
        `${tool} without rlhf`,
        "rlhf: {type: …}",
        "write rlhf: {type: dpo}, or tool: megatron sft",
      ],
      [
        rlhf !== undefined,
        "train.rlhf",
        "setting-of-another-tool",
        `rlhf with ${tool}`,
        "an rlhf tool",
        "write tool: swift rlhf",
      ],
    ]);
  }
  const types = tool === "megatron rlhf" ? requireProfile(image.swift).rlhfTypes(image.swift) : undefined;
  const isGrpo = rlhf.type === "grpo";
  const ofGrpo = (["rewardFunctions", "generations", "maxCompletionLength", "rollout"] as const).filter(
    name => rlhf[name] !== undefined,
  );
  // GKD generates as well, so it has a length and a rollout.
  const misplaced = ofGrpo.filter(
    name => !isGrpo && !(rlhf.type === "gkd" && name !== "rewardFunctions" && name !== "generations"),
  );
  const generations = rlhf.generations ?? 8;
  const hasReward = rlhf.rewardFunctions ?? train.args.reward_model ?? train.args.reward_model_plugin;
  return brokenRules([
    [
      types !== undefined && !types.includes(rlhf.type),
      "train.rlhf.type",
      "rlhf-type-unknown",
      `${rlhf.type} with ${tool} of ms-swift ${image.swift}`,
      `one of ${types?.join(", ")}`,
      "write another type, or tool: swift rlhf, or use a newer image",
    ],
    [
      misplaced.length > 0,
      `train.rlhf.${misplaced[0]}`,
      "rlhf-setting-of-another-type",
      `${misplaced.join(", ")} with type ${rlhf.type}`,
      "type: grpo",
      `remove ${misplaced.join(", ")}`,
    ],
    [
      isGrpo && hasReward === undefined,
      "train.rlhf",
      "grpo-without-reward",
      "grpo without a reward",
      "rewardFunctions, or reward_model in args",
      "write rewardFunctions: [accuracy, format]",
    ],
    [
      isGrpo && train.globalBatchSize % generations !== 0,
      "train.globalBatchSize",
      "generations-not-divisible",
      `globalBatchSize ${train.globalBatchSize} with ${generations} generations of each prompt`,
      `a multiple of ${generations}`,
      `write ${Math.ceil(train.globalBatchSize / generations) * generations}`,
    ],
  ]);
};
