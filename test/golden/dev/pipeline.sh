# node-1
CUDA_VISIBLE_DEVICES=0 \
MASTER_PORT=29555 \
swift export \
    --model /models/tiny \
    --model_type qwen2_5 \
    --to_mcore true \
    --torch_dtype bfloat16 \
    --output_dir /models/tiny-mcore \
    --test_convert_precision true

# node-1
NNODES=2 \
NODE_RANK=0 \
NPROC_PER_NODE=2 \
CUDA_VISIBLE_DEVICES=0,1 \
PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True \
MASTER_ADDR=10.77.0.11 \
MASTER_PORT=29500 \
GLOO_SOCKET_IFNAME=eth0 \
megatron sft \
    --load /models/tiny-mcore \
    --dataset /var/lib/muster/data/tools.jsonl \
    --train_type full \
    --agent_template hermes \
    --loss_scale hermes \
    --tensor_model_parallel_size 1 \
    --pipeline_model_parallel_size 1 \
    --context_parallel_size 1 \
    --expert_model_parallel_size 1 \
    --sequence_parallel false \
    --micro_batch_size 4 \
    --global_batch_size 16 \
    --train_iters 20 \
    --finetune true \
    --lr 0.002 \
    --min_lr 2e-4 \
    --max_length 1024 \
    --packing false \
    --save /models/megatron_output/tiny \
    --add_version false \
    --save_interval 20 \
    --log_interval 1 \
    --seed 42 \
    --num_workers 0 \
    --dataset_num_proc 1

# node-2
NNODES=2 \
NODE_RANK=1 \
NPROC_PER_NODE=2 \
CUDA_VISIBLE_DEVICES=0,1 \
PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True \
MASTER_ADDR=10.77.0.11 \
MASTER_PORT=29500 \
GLOO_SOCKET_IFNAME=eth0 \
megatron sft \
    --load /models/tiny-mcore \
    --dataset /var/lib/muster/data/tools.jsonl \
    --train_type full \
    --agent_template hermes \
    --loss_scale hermes \
    --tensor_model_parallel_size 1 \
    --pipeline_model_parallel_size 1 \
    --context_parallel_size 1 \
    --expert_model_parallel_size 1 \
    --sequence_parallel false \
    --micro_batch_size 4 \
    --global_batch_size 16 \
    --train_iters 20 \
    --finetune true \
    --lr 0.002 \
    --min_lr 2e-4 \
    --max_length 1024 \
    --packing false \
    --save /models/megatron_output/tiny \
    --add_version false \
    --save_interval 20 \
    --log_interval 1 \
    --seed 42 \
    --num_workers 0 \
    --dataset_num_proc 1

# node-1
CUDA_VISIBLE_DEVICES=0 \
MASTER_PORT=29555 \
swift export \
    --mcore_model /models/megatron_output/tiny \
    --to_hf true \
    --torch_dtype bfloat16 \
    --output_dir /models/megatron_output/tiny-hf \
    --test_convert_precision true

# node-1
CUDA_VISIBLE_DEVICES=0 \
VLLM_HOST_IP=10.77.0.11 \
GLOO_SOCKET_IFNAME=eth0 \
vllm serve /models/megatron_output/tiny-hf \
    --served-model-name tiny \
    --tensor-parallel-size 1 \
    --max-model-len 1024 \
    --enable-auto-tool-choice \
    --tool-call-parser hermes \
    --host 10.77.0.11 \
    --port 6060
