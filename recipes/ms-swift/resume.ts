import type { Cluster } from "../../config/schema";
import type { NodeCommand } from "../command";
import { toolsFolder } from "../tools";

/**
 * A training of Megatron inside recipes/tools/resume.py: started again after a failure, it goes on from the newest checkpoint
 * of the same run. Options as a real resumed run of 4.6.0 had them, whose weights were bit-equal to the straight run's; for 3.x
 * read at tag v3.7.1. Other tools keep their own way.
 */
export function resumable(cluster: Cluster, command: NodeCommand, index: number): NodeCommand {
  const train = cluster.pipeline?.train;
  if (!train || command.argv[0] !== "megatron") return command;
  const { settings, unset } = resumeOptions(cluster.image.swift, train.tuner);
  return {
    ...command,
    argv: [
      "python3",
      `${toolsFolder}/resume.py`,
      ...["--folder", train.output],
      ...["--here", String(index)],
      ...["--ranks-per-node", String(cluster.slots)],
      ...train.nodes.flatMap(node => ["--node", node]),
      ...settings.flatMap(([option, value]) => ["--set", option, value]),
      ...unset.flatMap(option => ["--unset", option]),
      "--",
      ...command.argv,
    ],
  };
}

interface ResumeOptions {
  readonly settings: readonly (readonly [string, string])[];
  readonly unset: readonly string[];
}

function resumeOptions(swift: string, tuner: "full" | "lora"): ResumeOptions {
  const whole: ResumeOptions["settings"] = [
    ["finetune", "false"],
    ["no_load_optim", "false"],
    ["no_load_rng", "false"],
  ];
  const isThree = Number(swift.split(".")[0]) < 4;
  if (tuner === "lora") {
    return { settings: [[isThree ? "adapter_load" : "mcore_adapter", "{checkpoint}"], ...whole], unset: [] };
  }
  // Beside a checkpoint the model is read from its args.json.
  return isThree
    ? { settings: [["load", "{checkpoint}"], ...whole], unset: ["load_safetensors"] }
    : { settings: [["mcore_model", "{checkpoint}"], ...whole], unset: ["model"] };
}
