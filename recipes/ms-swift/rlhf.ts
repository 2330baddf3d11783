import type { RlhfSettings } from "../../config/schema/train-parts";
import type { TrainContext } from "./context";
import { type Row, row } from "./rows";

/** Arguments of `megatron rlhf`. */
export function megatronRlhf(rlhf: RlhfSettings | undefined, { profile }: TrainContext): Row[] {
  // A reference in Hugging Face's format is ref_model in every version that has it; Megatron's has a name per line.
  return [row(profile.names.reference, rlhf?.reference, "train.rlhf.reference"), ...common(rlhf)];
}

/** Arguments of `swift rlhf`. */
export function swiftRlhf(rlhf: RlhfSettings | undefined): Row[] {
  return [row("ref_model", rlhf?.reference, "train.rlhf.reference"), ...common(rlhf)];
}

function common(rlhf: RlhfSettings | undefined): Row[] {
  return [
    row("rlhf_type", rlhf?.type, "train.rlhf.type"),
    row("beta", rlhf?.beta, "train.rlhf.beta"),
    row("reward_funcs", rlhf?.rewardFunctions, "train.rlhf.rewardFunctions"),
    row("num_generations", rlhf?.generations, "train.rlhf.generations"),
    row("max_completion_length", rlhf?.maxCompletionLength, "train.rlhf.maxCompletionLength"),
    row("use_vllm", rlhf?.rollout === undefined ? undefined : true, "train.rlhf.rollout"),
    row("vllm_mode", rlhf?.rollout, "train.rlhf.rollout"),
  ];
}
