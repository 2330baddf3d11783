#!/bin/sh
# Run every simulated tool once, as the training image's warm.sh does for its own versions.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# precise LOG: the precision check of a conversion ran, and the difference is that of a right one.
precise() { python3 -c 'import re, sys; sys.exit(float(re.search(r"^mean_diff \(with loss\): (\S+),", open(sys.argv[1]).read(), re.M)[1]) > 1e-3)' "$1"; }

MASTER_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MASTER_PORT MASTER_ADDR=127.0.0.1 GLOO_SOCKET_IFNAME=lo
export MODELSCOPE_CACHE="$work/cache" HF_HOME="$work/hf" CUDA_VISIBLE_DEVICES=0
NPROC_PER_NODE=2 CUDA_VISIBLE_DEVICES=0,1 megatron sft --model /opt/seed/models/tiny --model_type qwen2 --template qwen2_5 \
  --dataset /opt/seed/datasets/tools.jsonl --torch_dtype bfloat16 --train_iters 2 --logging_steps 1 --micro_batch_size 1 \
  --global_batch_size 4 --max_length 1024 --agent_template hermes --loss_scale default+hermes --output_dir "$work/saved" \
  --add_version false >log 2>&1 || { cat log; exit 1; }
swift export --mcore_model "$work/saved/checkpoint-2" --to_hf true --torch_dtype bfloat16 --output_dir "$work/hf-model" \
  --test_convert_precision true >log 2>&1 || { cat log; exit 1; }
precise log
# Two ways to the same tensors.
cmp "$work/hf-model/model.safetensors" "$work/saved/checkpoint-2/model.safetensors"
# A flag that the real parser refuses also proves that the parser is there.
if swift export --model /opt/seed/models/tiny --model_type qwen2 --template qwen2_5 --to_mcore true --no_such_flag 1 >log 2>&1; then exit 1; fi
grep -q 'remaining_argv' log
python3 -c 'import simulated.vllm_command, simulated.vllm_server, simulated.vllm_engine as e; list(e.Engine("'"$work"'/hf-model", None).tokens([1, 2], e.Sampling(max_tokens=2)))'
