import type { Line, ParserVersion } from "./argument-parser";

/** What the notes type, as it stands there, with what the parser of the image's version says to it. */
export const notes: Readonly<Record<string, string>> = {
  "weights to Megatron's format": `
CUDA_VISIBLE_DEVICES=0 \\
MEGATRON_LM_PATH='/mnt/workspace/Megatron-LM' \\
swift export \\
    --model /models/ZhipuAI/GLM-4.5-Air \\
    --to_mcore true \\
    --torch_dtype bfloat16 \\
    --output_dir /models/ZhipuAI/GLM-4.5-Air-mcore \\
    --test_convert_precision true
`,
  "full weights back": `
CUDA_VISIBLE_DEVICES=0 \\
swift export \\
    --mcore_model /models/megatron_output/GLM-4.5-Air-SFT/vx-xxx \\
    --to_hf true \\
    --torch_dtype bfloat16 \\
    --output_dir /models/megatron_output/GLM-4.5-Air-HF/vx-xxx-hf \\
    --test_convert_precision true
`,
  "LoRA back": `
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \\
swift export \\
    --mcore_adapters megatron_output/Qwen3-235B-A22B-Instruct-2507/vx-xxx \\
    --to_hf true \\
    --torch_dtype bfloat16 \\
    --output_dir megatron_output/Qwen3-235B-A22B-Instruct-2507/vx-xxx-hf
`,
  "LoRA back, model and base given": `
CUDA_VISIBLE_DEVICES=0 \\
MEGATRON_LM_PATH='/mnt/workspace/Megatron-LM' \\
swift export \\
    --model /models/ZhipuAI/GLM-4.5-Air \\
    --mcore_model /models/ZhipuAI/GLM-4.5-Air-mcore \\
    --mcore_adapters /models/megatron_output/GLM-4.5-Air-FH/vx-xxx \\
    --to_hf true \\
    --torch_dtype bfloat16 \\
    --output_dir /models/megatron_output/GLM-4.5-Air-HF/vx \\
    --test_convert_precision true
`,
  inference: `
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \\
swift infer \\
    --model megatron_output/GLM-4.5-Air-HF/vx-xxx-hf \\
    --infer_backend vllm \\
    --stream true \\
    --temperature 0 \\
    --vllm_tensor_parallel_size 8 \\
    --vllm_max_model_len 8192 \\
    --max_new_tokens 2048
`,
  "inference without reasoning": `
CUDA_VISIBLE_DEVICES=0 \\
swift infer \\
    --model Qwen/Qwen3-8B \\
    --infer_backend vllm \\
    --stream true \\
    --max_new_tokens 2048 \\
    --max_model_len 8192 \\
    --response_prefix '<think>\\n\\n</think>\\n\\n'
`,
  server: `
CUDA_VISIBLE_DEVICES=0,1,2,3 vllm serve /models/megatron_output/GLM-4.5-Air-HF/vx \\
    --served-model-name GLM-4.5-Air \\
    --tensor-parallel-size 4 \\
    --max-model-len 32768 \\
    --enforce-eager \\
    --gpu_memory_utilization=0.9 \\
    --enable-chunked-prefill \\
    --enable-auto-tool-choice \\
    --tool-call-parser glm4_moe \\
    --reasoning-parser glm4_moe \\
    --port 6060
`,
};

/** A training of ms-swift 3.7, as its documentation writes it. */
export const training3 =
  "megatron sft --load /models/m-mcore --dataset /data/rows.jsonl --train_type full --tensor_model_parallel_size 4 " +
  "--pipeline_model_parallel_size 2 --expert_model_parallel_size 8 --sequence_parallel true --micro_batch_size 1 " +
  "--global_batch_size 16 --recompute_granularity full --recompute_method uniform --recompute_num_layers 1 " +
  "--max_epochs 1 --finetune true --lr 1e-5 --min_lr 1e-6 --lr_warmup_fraction 0.05 --max_length 8192 --packing true " +
  "--save /out/m --save_interval 200 --eval_interval 200 --num_workers 8 --dataset_num_proc 8 --no_save_optim true";

/** The same of ms-swift 4. */
export const training4 =
  "megatron sft --model /models/m --dataset /data/rows.jsonl --tuner_type full --tensor_model_parallel_size 4 " +
  "--pipeline_model_parallel_size 2 --expert_model_parallel_size 8 --sequence_parallel true --micro_batch_size 1 " +
  "--global_batch_size 16 --recompute_granularity full --recompute_method uniform --recompute_num_layers 1 " +
  "--num_train_epochs 1 --lr 1e-5 --min_lr 1e-6 --lr_warmup_fraction 0.05 --max_length 8192 --packing true " +
  "--output_dir /out/m --save_steps 200 --eval_steps 200 --dataloader_num_workers 8 --dataset_num_proc 8 " +
  "--save_safetensors true --no_save_optim true";

export interface Judged {
  readonly line: string;
  readonly version: ParserVersion;
  /** Part of the parser's text; absent: the line is accepted. */
  readonly refused?: string | RegExp;
  /** Only the class's __post_init__ refuses it: the parser alone takes it. Ranks of the job, and what lies on the disk. */
  readonly made?: Pick<Line, "world" | "files">;
}

/** Lines that nothing of ours has written, right and wrong ones. */
export const judged: Readonly<Record<string, Judged>> = {
  "3.7.1 takes the training of its documentation": { line: training3, version: "3.7.1" },
  "3.12.6 takes the training of 3.7": { line: training3, version: "3.12.6" },
  "4.6.0 takes the training of its documentation": { line: training4, version: "4.6.0" },
  "an unpinned clone in the image of 3.7.1: 4.6.0 refuses the training of 3.7": {
    line: training3,
    version: "4.6.0",
    refused: /ambiguous option: --load could match|remaining_argv/,
  },
  "3.7.1 refuses the training of 4": {
    line: training4,
    version: "3.7.1",
    refused: /remaining_argv: .*--tuner_type.*--num_train_epochs.*--output_dir/,
  },
  "3.12.6 refuses the training of 4": { line: training4, version: "3.12.6", refused: /remaining_argv: .*--tuner_type/ },
  "an argument that no version has": {
    line: "megatron sft --moe_group_gemm true",
    version: "3.7.1",
    refused: /remaining_argv: .*--moe_group_gemm/,
  },
  "a granularity that came with 3.12": {
    line: "megatron sft --recompute_granularity none",
    version: "3.7.1",
    refused: /invalid choice: 'none'/,
  },
  "and is there": { line: "megatron sft --recompute_granularity none", version: "3.12.6" },
  "a word where a number stands": {
    line: "megatron sft --num_workers many",
    version: "3.7.1",
    refused: /invalid int value: 'many'/,
  },
  "preferences beyond dpo in 3.7.1": {
    line: "megatron rlhf --rlhf_type grpo",
    version: "3.7.1",
    refused: /invalid choice: 'grpo'/,
  },
  "they are there in 3.12.6": { line: "megatron rlhf --rlhf_type grpo", version: "3.12.6" },
  "3.7.1 has no megatron export": { line: "megatron export --to_hf true", version: "3.7.1", refused: "there is no" },
  "3.12.6 has it": { line: "megatron export --to_hf true", version: "3.12.6" },
  "one adapter in 4": { line: "swift export --mcore_adapter /out/a --to_hf true", version: "4.6.0" },
  "adapters of 3 in 4": {
    line: "swift export --mcore_adapters /out/a --to_hf true",
    version: "4.6.0",
    refused: "remaining_argv",
  },
  "the length by its old name is taken by 4 and does nothing to vLLM": {
    line: "swift infer --model m --infer_backend vllm --max_model_len 8192",
    version: "4.6.0",
  },
  "a prefix of the reply in 4": {
    line: "swift infer --model m --infer_backend vllm --response_prefix x",
    version: "4.6.0",
  },
  "loss scale of two parts": { line: "swift sft --model m --loss_scale default+hermes", version: "4.6.0" },
  "LoRA by its name of 3": {
    line: "swift sft --model m --train_type lora",
    version: "4.6.0",
    refused: "remaining_argv",
  },
  "the name that 0.10.1 gave to GLM's parser": {
    line: "vllm serve m --enable-auto-tool-choice --tool-call-parser glm45",
    version: "3.7.1",
    refused: "invalid choice: 'glm45'",
  },
  "tool choice without a parser": {
    line: "vllm serve m --enable-auto-tool-choice",
    version: "3.7.1",
    refused: "requires --tool-call-parser",
  },
  "several nodes without ray": {
    line: "vllm serve m --nnodes 2 --node-rank 0",
    version: "3.7.1",
    refused: "unrecognized arguments",
  },
  "weights that an export before has left": {
    line: "swift export --model /models/GLM-4.5-Air --model_type glm4_5 --to_mcore true --output_dir /models/m-mcore",
    version: "3.7.1",
    refused: /FileExistsError: .*\/models\/m-mcore. already exists/,
    made: { files: { "/models/m-mcore/args.json": "{}" } },
  },
  "and told that it may be there": {
    line: "swift export --model /models/GLM-4.5-Air --model_type glm4_5 --to_mcore true --output_dir /models/m-mcore --exist_ok true",
    version: "3.7.1",
    made: { files: { "/models/m-mcore/args.json": "{}" } },
  },
  "a training without data": {
    line: "megatron sft --load /models/m-mcore --model_type glm4_5 --max_epochs 1",
    version: "3.7.1",
    refused: "Please input the training dataset",
    made: {},
  },
  "packing without flash attention": {
    line: "swift sft --model /models/m --model_type qwen3 --dataset /data/rows.jsonl --packing true",
    version: "3.7.1",
    refused: "requires a flash attention implementation",
    made: {},
  },
  "GLM's type by its name of 3": {
    line: "megatron sft --model /models/GLM-4.5-Air --model_type glm4_5 --dataset /data/rows.jsonl",
    version: "4.6.0",
    refused: "model_type: 'glm4_5' not in",
    made: {},
  },
  "its type of 4 where the folder does not tell the template": {
    line: "megatron sft --model /models/m --model_type glm4_moe --dataset /data/rows.jsonl",
    version: "4.6.0",
    refused: /Multiple possible types found: .'glm4_5', 'glm4_7'/,
    made: {},
  },
  "a batch that the ranks cannot share": {
    line: `${training4.replace("--global_batch_size 16", "--global_batch_size 15")} --model_type glm4_moe --template glm4_5`,
    version: "4.6.0",
    refused: /global batch size \(15\) is not divisible by .* data parallel size \(2\)/,
    made: { world: 16 },
  },
  "one checkpoint kept": {
    line: `${training4} --model_type glm4_moe --template glm4_5 --save_total_limit 1`,
    version: "4.6.0",
    refused: "save_total_limit must be greater than or equal to 2",
    made: { world: 16 },
  },
  "a way to recompute what is selected": {
    line: "megatron sft --model /models/GLM-4.5-Air --dataset /data/rows.jsonl --recompute_granularity selective --recompute_method uniform",
    version: "4.6.0",
    refused: "not yet supported for selective recomputing",
    made: {},
  },
  "overlap of tensor parallelism without sequence parallelism": {
    line: "megatron sft --model /models/GLM-4.5-Air --dataset /data/rows.jsonl --tp_comm_overlap true",
    version: "4.6.0",
    refused: "sequence parallelism is enabled",
    made: {},
  },
};
