/** One small cluster file: what a person writes, and what is rendered from it is read in test/golden/recipes/. */
export interface Case {
  readonly swift: string;
  /** Default: two nodes with eight GPUs each. */
  readonly nodes?: number;
  readonly slots?: number;
  /** Below `pipeline`, in YAML. Default of model and data: GLM-4.5-Air of the notes. */
  readonly pipeline: string;
  /** Below the top, in YAML. */
  readonly more?: string;
}

const megatronLm = "megatronLm: /mnt/workspace/Megatron-LM";
const convert = "convert: {output: /models/ZhipuAI/GLM-4.5-Air-mcore}";
const notes = "output: /models/megatron_output/GLM-4.5-Air-SFT, maxLength: 8192";
const layout =
  "tensorParallel: 4, pipelineParallel: 2, expertParallel: 8, expertTensorParallel: 1, sequenceParallel: true";
const out = "/models/megatron_output/GLM-4.5-Air-HF";
const nodes = "nodes: [node-1, node-2]";
const grpo = "rlhf: {type: grpo, rewardFunctions: [accuracy, format], generations: 8, maxCompletionLength: 2048}";

/** Settings of the notes and of their users, by name of the golden file. */
export const cases: Readonly<Record<string, Case>> = {
  // ms-swift 3.7.1, the notes' own
  "3.7.1/notes-full": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, recompute: {granularity: full, method: uniform, layers: 1}}
gather: {}
export: {output: ${out}}`,
  },
  "3.7.1/notes-lora": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora, lora: {rank: 32, alpha: 64, targetModules: [linear_qkv, linear_proj]}}
gather: {}
export: {output: ${out}}`,
  },
  "3.7.1/lora-base-recorded": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora}
gather: {}
export: {output: ${out}, base: recorded, gpus: [0, 1, 2, 3, 4, 5, 6, 7], testPrecision: false}`,
  },
  "3.7.1/export-of-another-checkpoint": {
    swift: "3.7.1",
    nodes: 1,
    pipeline: `${megatronLm}
export: {output: ${out}, checkpoint: /models/megatron_output/GLM-4.5-Air-SFT/v3-20250801-120000}`,
  },
  "3.7.1/convert-eight-files": {
    swift: "3.7.1",
    nodes: 1,
    pipeline: `${megatronLm}
convert: {output: /models/ZhipuAI/GLM-4.5-Air-mcore, threadCount: 8, testPrecision: false, gpus: [2, 3]}`,
  },
  "3.7.1/pretraining": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, tool: megatron pt, iterations: 2000, packing: true, globalBatchSize: 64, saveEverySteps: 500}`,
  },
  "3.7.1/dpo": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, tool: megatron rlhf, epochs: 1, rlhf: {type: dpo, beta: 0.1, reference: /models/ref-mcore}}`,
  },
  "3.7.1/wandb": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, report: {to: [tensorboard, wandb], project: glm, name: sft-1, wandbApiKey: {secret: wandb}}}`,
  },
  "3.7.1/resume": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, ${layout}, epochs: 2, resumeFrom: /models/megatron_output/GLM-4.5-Air-SFT/1a2b3c4d}`,
  },
  "3.7.1/adapter-goes-on": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora, adapter: /models/megatron_output/first}`,
  },
  "3.7.1/context-parallel": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, output: /o, maxLength: 65536, contextParallel: 4, tensorParallel: 2, sequenceParallel: true, epochs: 1}`,
  },
  "3.7.1/uneven-stages": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, tensorParallel: 2, pipelineParallel: 4, sequenceParallel: true, epochs: 1, args: {decoder_first_pipeline_num_layers: 11, decoder_last_pipeline_num_layers: 11}}`,
  },
  "3.7.1/shared-cache": {
    swift: "3.7.1",
    pipeline: `${megatronLm}
modelscopeCache: /shared/modelscope
sharedFolders: [/shared]
${convert}
train: {${nodes}, output: /shared/out, epochs: 1, env: {NCCL_DEBUG: INFO}}`,
  },
  "3.7.1/one-node": {
    swift: "3.7.1",
    nodes: 1,
    pipeline: `${megatronLm}
${convert}
train: {nodes: [node-1], output: /o, tensorParallel: 8, sequenceParallel: true, epochs: 1}
export: {output: /hf}`,
  },
  "3.7.1/swift-sft-zero3": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, deepspeed: zero3, epochs: 1, maxLength: 4096, agentTemplate: hermes, lossScale: hermes}
export: {output: /hf}`,
  },
  "3.7.1/swift-sft-deepspeed-launcher": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, launcher: deepspeed, deepspeed: zero2, epochs: 1, maxLength: 4096}`,
  },
  "3.7.1/swift-sft-lora-swanlab": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, tuner: lora, lora: {rank: 16, rankStabilized: true}, epochs: 3, report: {to: [swanlab], project: glm, swanlabApiKey: {secret: swanlab}}}
export: {output: /hf}`,
  },
  "3.7.1/swift-sft-offline": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, epochs: 1, report: {to: [swanlab, wandb], offline: true}, minLearningRate: 1e-7, warmupFraction: 0.05}`,
  },
  "3.7.1/swift-grpo": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift rlhf, deepspeed: zero2, epochs: 1, globalBatchSize: 64, ${grpo.replace("}", ", rollout: colocate, beta: 0.04}")}}`,
  },
  "3.7.1/swift-pt": {
    swift: "3.7.1",
    nodes: 1,
    pipeline:
      "train: {nodes: [node-1], output: /o, tool: swift pt, deepspeed: zero1, iterations: 100, globalBatchSize: 32}",
  },
  "3.7.1/swift-resume-own-disks": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, epochs: 2, resumeFrom: /o/1a2b3c4d/checkpoint-200, keepCheckpoints: 3, saveEverySteps: 100}`,
  },
  "3.7.1/swift-shared-disk": {
    swift: "3.7.1",
    pipeline: `sharedFolders: [/nfs]
train: {${nodes}, output: /nfs/o, tool: swift sft, epochs: 1}`,
  },
  "3.7.1/swift-dpo-ulysses": {
    swift: "3.7.1",
    pipeline: `train: {${nodes}, output: /o, tool: swift rlhf, epochs: 1, rlhf: {type: dpo, beta: 0.1}, globalBatchSize: 16, args: {sequence_parallel_size: 4}}`,
  },
  // between the lists
  "3.8.3/glm4_5-dialect": {
    swift: "3.8.3",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, agentTemplate: glm4_5, lossScale: last_round}`,
  },
  "3.9.3/kto": {
    swift: "3.9.3",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, tool: megatron rlhf, epochs: 1, rlhf: {type: kto}}`,
  },
  "3.10.3/from-hugging-face": {
    swift: "3.10.3",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, saveSafetensors: true}
export: {output: ${out}}`,
  },
  "3.10.3/megatron-export": {
    swift: "3.10.3",
    pipeline: `${megatronLm}
convert: {output: /m-mcore, tool: megatron export, gpus: [0, 1, 2, 3, 4, 5, 6, 7], parallel: {tensor: 2, pipeline: 2, expert: 4}}
train: {${nodes}, ${notes}, ${layout}, epochs: 1}
gather: {}
export: {output: ${out}, tool: megatron export, gpus: [0, 1, 2, 3], parallel: {tensor: 2, pipeline: 2}}`,
  },
  "3.12.6/from-hugging-face": {
    swift: "3.12.6",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, ${layout}, epochs: 1}
export: {output: ${out}}`,
  },
  "3.12.6/converted": {
    swift: "3.12.6",
    pipeline: `${megatronLm}
${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, saveSafetensors: false}
gather: {}
export: {output: ${out}}`,
  },
  "3.12.6/lora-adapter-alone": {
    swift: "3.12.6",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora, saveSafetensors: false}
gather: {}
export: {output: ${out}, tool: megatron export, mergeLora: false, gpus: [0, 1]}`,
  },
  "3.12.6/swanlab": {
    swift: "3.12.6",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, recompute: {granularity: none}, report: {to: [swanlab], project: glm, name: sft-1, swanlabApiKey: {secret: swanlab}}}`,
  },
  "3.12.6/megatron-grpo": {
    swift: "3.12.6",
    pipeline: `${megatronLm}
train: {${nodes}, ${notes}, tensorParallel: 4, sequenceParallel: true, tool: megatron rlhf, epochs: 1, ${grpo}}`,
  },
  "3.12.6/swift-sft": {
    swift: "3.12.6",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, tuner: lora, deepspeed: zero2, epochs: 1}
export: {output: /hf}`,
  },
  // ms-swift 4
  "4.2.3/between-the-lists": {
    swift: "4.2.3",
    pipeline: `modelscopeCache: /shared/ms
sharedFolders: [/shared]
train: {${nodes}, ${notes}, ${layout}, epochs: 1, agentTemplate: glm4_5, lossScale: default+hermes}
export: {output: ${out}}`,
  },
  "4.6.0/notes-full": {
    swift: "4.6.0",
    pipeline: `modelscopeCache: /shared/ms
sharedFolders: [/shared]
train: {${nodes}, ${notes}, ${layout}, epochs: 1, recompute: {granularity: full, method: uniform, layers: 1}, args: {no_save_optim: true, no_save_rng: true}}
export: {output: ${out}}`,
  },
  "4.6.0/notes-lora": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora, lora: {rank: 32, alpha: 64, targetModules: [linear_qkv, linear_proj]}}
export: {output: ${out}}`,
  },
  "4.6.0/converted": {
    swift: "4.6.0",
    pipeline: `${convert}
train: {${nodes}, ${notes}, ${layout}, iterations: 1000, saveSafetensors: false, keepCheckpoints: 2}
gather: {}
export: {output: ${out}}`,
  },
  "4.6.0/lora-from-checkpoint": {
    swift: "4.6.0",
    pipeline: `${convert}
train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora}
gather: {}
export: {output: ${out}, source: checkpoint}`,
  },
  "4.6.0/lora-base-recorded": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora}
gather: {}
export: {output: ${out}, source: checkpoint, base: recorded}`,
  },
  "4.6.0/megatron-export": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, epochs: 1, tuner: lora, saveSafetensors: false}
gather: {}
export: {output: ${out}, tool: megatron export, gpus: [0, 1, 2, 3, 4, 5, 6, 7], parallel: {tensor: 2, pipeline: 2, expert: 2}}`,
  },
  "4.6.0/shared-disk-no-gather": {
    swift: "4.6.0",
    pipeline: `modelscopeCache: /shared/ms
sharedFolders: [/shared]
train: {${nodes}, output: /shared/out, ${layout}, epochs: 1, saveSafetensors: false}
export: {output: /shared/hf}`,
  },
  "4.6.0/resume": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, epochs: 2, resumeFrom: /models/megatron_output/GLM-4.5-Air-SFT/1a2b3c4d/checkpoint-200}`,
  },
  "4.6.0/three-reports": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, epochs: 1, report: {to: [tensorboard, wandb, swanlab], project: glm, name: sft-1, wandbApiKey: {secret: wandb}, swanlabApiKey: {secret: swanlab}}}`,
  },
  "4.6.0/dpo": {
    swift: "4.6.0",
    pipeline: `${convert}
train: {${nodes}, ${notes}, ${layout}, tool: megatron rlhf, epochs: 1, rlhf: {type: dpo, reference: /models/ref-mcore}}`,
  },
  "4.6.0/gkd": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, tool: megatron rlhf, epochs: 1, rlhf: {type: gkd}, args: {teacher_model: /models/teacher}}`,
  },
  "4.6.0/pretraining": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, ${notes}, ${layout}, tool: megatron pt, iterations: 5000, packing: true, globalBatchSize: 128, args: {streaming: true}}`,
  },
  "4.6.0/tiny-model": {
    swift: "4.6.0",
    slots: 1,
    pipeline: `model: {path: /models/tiny, type: qwen2, template: qwen2_5}
${convert}
train: {${nodes}, output: /o, iterations: 20, saveEverySteps: 10, logEverySteps: 1, microBatchSize: 2, globalBatchSize: 8, learningRate: 2e-3, minLearningRate: 2e-4, agentTemplate: hermes, lossScale: default+hermes, args: {attention_backend: fused, seed: 42}}
export: {output: /hf}`,
  },
  "4.6.0/swift-sft-zero3": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, deepspeed: zero3_offload, epochs: 1, maxLength: 4096, recompute: {granularity: full}}
export: {output: /hf}`,
  },
  "4.6.0/swift-grpo-server": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, output: /o, tool: swift rlhf, tuner: lora, deepspeed: zero2, epochs: 1, globalBatchSize: 64, ${grpo.replace("}", ", rollout: server}")}, args: {vllm_server_host: 10.0.0.9, vllm_server_port: 8000}}
export: {output: /hf}`,
  },
  "4.6.0/swift-deepspeed-launcher": {
    swift: "4.6.0",
    pipeline: `train: {${nodes}, output: /o, tool: swift sft, launcher: deepspeed, deepspeed: /mnt/workspace/zero3.json, epochs: 1}`,
    more: "container: {workdir: /mnt/workspace, sshPort: 2333}",
  },
};
