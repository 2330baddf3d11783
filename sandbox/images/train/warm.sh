#!/bin/sh
# Make the seed (a tiny model, 200 rows) and run every simulated tool once. Python then keeps the compiled form of just
# those modules that are used: a first start in a fresh container would otherwise compile them anew on every host.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# precise LOG: the precision check of a conversion ran, and the difference is that of a right one.
precise() { python3 -c 'import re, sys; sys.exit(float(re.search(r"^mean_diff: (\S+),", open(sys.argv[1]).read(), re.M)[1]) > 1e-3)' "$1"; }

mkdir -p /opt/seed/models /opt/seed/datasets
python3 /opt/build/make-dataset.py /opt/seed/datasets/tools.jsonl 200
python3 /opt/build/make-model.py /opt/seed/models/tiny /opt/seed/datasets/tools.jsonl
chmod -R a+rX /opt/seed

# The build may share the machine's network: loopback only, and a port that is free there.
MASTER_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MASTER_PORT MASTER_ADDR=127.0.0.1 GLOO_SOCKET_IFNAME=lo
export MODELSCOPE_CACHE="$work/cache" HF_HOME="$work/hf" CUDA_VISIBLE_DEVICES=0
swift export --model /opt/seed/models/tiny --model_type qwen2_5 --to_mcore true --torch_dtype bfloat16 \
  --test_convert_precision true --output_dir "$work/mcore" >log 2>&1 || { cat log; exit 1; }
precise log
NPROC_PER_NODE=2 CUDA_VISIBLE_DEVICES=0,1 megatron sft --load "$work/mcore" --dataset /opt/seed/datasets/tools.jsonl \
  --finetune true --train_iters 2 --log_interval 1 --micro_batch_size 1 --global_batch_size 4 --max_length 1024 \
  --agent_template hermes --loss_scale hermes --save "$work/saved" --add_version false >log 2>&1 || { cat log; exit 1; }
swift export --mcore_model "$work/saved" --to_hf true --torch_dtype bfloat16 --output_dir "$work/hf-model" \
  --test_convert_precision true >log 2>&1 || { cat log; exit 1; }
precise log
# A flag that the real parser refuses also proves that the parser is there.
if swift export --model /opt/seed/models/tiny --model_type qwen2_5 --to_mcore true --no_such_flag 1 >log 2>&1; then exit 1; fi
grep -q 'remaining_argv' log
python3 -c 'import simulated.vllm_command, simulated.vllm_server, simulated.vllm_engine as e; list(e.Engine("'"$work"'/hf-model", None).tokens([1, 2], e.Sampling(max_tokens=2)))'
python3 -c 'import swift.llm.infer.deploy, swift.llm.export, swift.cli.main, uvicorn' >log 2>&1 || { cat log; exit 1; }
