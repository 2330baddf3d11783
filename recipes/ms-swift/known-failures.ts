import type { KnownFailure } from "../diagnosis/known-failure";
import { machineFailures } from "../diagnosis/machine";
import { meetingFailures } from "../diagnosis/meeting";

/** What ms-swift and Megatron refuse. Texts of ms-swift 3.7.1 (megatron-core 0.13) and 4.6.0 (0.19.2). */
const refusals: readonly KnownFailure[] = [
  {
    name: "unknown-argument",
    pattern: "ValueError: remaining_argv: \\[(?<words>[^\\n]{0,200})\\]",
    reason: "this version of ms-swift does not know the arguments {words}",
    remedy:
      "image.swift must name the version that the image has (`pip show ms-swift` in it), since 3 and 4 name arguments differently; then correct the step's args",
  },
  {
    name: "world-size",
    pattern: "world[_ ]size \\((?<world>\\d+)\\) is not divisible by (?<rest>[^\\n]{1,120})",
    reason: "{world} processes cannot be divided by {rest}",
    remedy:
      "tensorParallel x pipelineParallel x contextParallel must divide nodes x slots, and so must expertTensorParallel x expertParallel x pipelineParallel",
  },
  {
    name: "batch-size",
    pattern:
      "global batch size \\((?<batch>\\d+)\\) is not divisible by micro batch size \\((?<micro>\\d+)\\)\\s+times data parallel size \\((?<parallel>\\d+)\\)",
    reason: "globalBatchSize {batch} is no multiple of microBatchSize {micro} x data parallel size {parallel}",
    remedy: "make pipeline.train.globalBatchSize a multiple of {micro} x {parallel}",
  },
  {
    name: "output-exists",
    pattern: "FileExistsError: args\\.output_dir: `(?<folder>[^`\\n]+)` already exists",
    reason: "{folder} is there already, and the conversion does not write into it",
    remedy: "move {folder} away, or name another output; muster removes only what it has made itself",
  },
  {
    // transformer_engine 2.20; transformers 4.57.
    name: "attention-backend",
    pattern: "No dot product attention backend is available|the package flash_attn seems to be not installed",
    reason: "the chosen attention is not in the image: flash-attn is not installed, or does not fit the GPU or type",
    remedy:
      "set pipeline.train.args.attention_backend to fused or unfused (both ran without flash-attn in 4.6.0), or install flash-attn in the image",
  },
  {
    name: "shard-missing",
    pattern: "No such file or directory: '(?<file>[^'\\n]*/__(?<rank>\\d+)_\\d+\\.distcp)'",
    reason: "{file} is not on this node: rank {rank} wrote it to the disk of its own node",
    remedy:
      "declare pipeline.gather, which brings the shards together; on the node of rank {rank} see that it is there",
  },
  {
    name: "checkpoint-missing",
    pattern:
      "No such file or directory: '(?<file>[^'\\n]*(?:latest_checkpointed_iteration\\.txt|/\\.metadata|args\\.json))'",
    reason: "{file} is not on this node: no finished checkpoint lies in that folder",
    remedy:
      "see that the step before has run, and that train.weights or convert.output is the same folder on every node",
  },
  {
    name: "model-missing",
    pattern:
      "does not appear to have a file named (?<file>config\\.json)|(?:Repo id must|HFValidationError)[^\\n]{0,200}",
    reason: "there is no model in the folder that pipeline.model.path names on this node",
    remedy: "the folder must hold config.json and the weights, in the container, on every node: ls it there",
  },
  {
    name: "module-missing",
    pattern: "(?:ModuleNotFoundError|ImportError): No module named '(?<module>[^'\\n]+)'",
    reason: "the image has no Python package {module}",
    remedy: "install it in the image, or with the section python of the cluster file",
  },
];

/** Of a training. The first that its log shows is told. */
export const trainingFailures: readonly KnownFailure[] = [
  ...refusals,
  ...withRemedy("gpu-memory-full", machineFailures, [
    "halve pipeline.train.microBatchSize, set recompute: {granularity: full, method: uniform, layers: 1}, raise tensorParallel,",
    "pipelineParallel or expertParallel, or shorten maxLength; nvidia-smi shows whether somebody else is on the GPU",
  ]),
  ...meetingFailures,
];

/** Of a conversion of weights. */
export const conversionFailures: readonly KnownFailure[] = [
  ...refusals,
  ...withRemedy("gpu-memory-full", machineFailures, [
    "give the conversion more GPUs (gpus), or leave the precision test out, which holds the model twice",
    "(testPrecision: false); nvidia-smi shows whether somebody else is on the GPU",
  ]),
  ...meetingFailures,
];

function withRemedy(name: string, failures: readonly KnownFailure[], words: readonly string[]): KnownFailure[] {
  return failures.map(failure => (failure.name === name ? { ...failure, remedy: words.join(" ") } : failure));
}
