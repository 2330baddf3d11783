# node-1
NNODES=2 \
NODE_RANK=0 \
NPROC_PER_NODE=8 \
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True \
MODELSCOPE_CACHE=/shared/modelscope \
MASTER_ADDR=ip-of-node-1 \
MASTER_PORT=29500 \
GLOO_SOCKET_IFNAME=eth0 \
megatron sft \
    --model /models/ZhipuAI/GLM-4.5-Air \
    --model_type glm4_moe \
    --template glm4_5 \
    --dataset /datasets/tools.jsonl \
    --tuner_type lora \
    --lora_rank 32 \
    --lora_alpha 64 \
    --target_modules linear_qkv linear_proj \
    --agent_template glm4_5 \
    --loss_scale default+hermes \
    --tensor_model_parallel_size 4 \
    --pipeline_model_parallel_size 2 \
    --context_parallel_size 1 \
    --expert_model_parallel_size 8 \
    --sequence_parallel true \
    --micro_batch_size 1 \
    --global_batch_size 16 \
    --recompute_granularity full \
    --recompute_method uniform \
    --recompute_num_layers 1 \
    --num_train_epochs 1 \
    --finetune true \
    --lr 1e-4 \
    --min_lr 1e-5 \
    --lr_warmup_fraction 0.05 \
    --max_length 8192 \
    --packing true \
    --output_dir /models/megatron_output/GLM-4.5-Air-SFT \
    --add_version false \
    --save_steps 200 \
    --save_total_limit 3 \
    --load_from_cache_file true \
    --moe_permute_fusion true \
    --moe_shared_expert_overlap true \
    --moe_aux_loss_coeff 0.001 \
    --dataloader_num_workers 8 \
    --dataset_num_proc 8

# node-2
NNODES=2 \
NODE_RANK=1 \
NPROC_PER_NODE=8 \
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True \
MODELSCOPE_CACHE=/shared/modelscope \
MASTER_ADDR=ip-of-node-1 \
MASTER_PORT=29500 \
GLOO_SOCKET_IFNAME=eth0 \
megatron sft \
    --model /models/ZhipuAI/GLM-4.5-Air \
    --model_type glm4_moe \
    --template glm4_5 \
    --dataset /datasets/tools.jsonl \
    --tuner_type lora \
    --lora_rank 32 \
    --lora_alpha 64 \
    --target_modules linear_qkv linear_proj \
    --agent_template glm4_5 \
    --loss_scale default+hermes \
    --tensor_model_parallel_size 4 \
    --pipeline_model_parallel_size 2 \
    --context_parallel_size 1 \
    --expert_model_parallel_size 8 \
    --sequence_parallel true \
    --micro_batch_size 1 \
    --global_batch_size 16 \
    --recompute_granularity full \
    --recompute_method uniform \
    --recompute_num_layers 1 \
    --num_train_epochs 1 \
    --finetune true \
    --lr 1e-4 \
    --min_lr 1e-5 \
    --lr_warmup_fraction 0.05 \
    --max_length 8192 \
    --packing true \
    --output_dir /models/megatron_output/GLM-4.5-Air-SFT \
    --add_version false \
    --save_steps 200 \
    --save_total_limit 3 \
    --load_from_cache_file true \
    --moe_permute_fusion true \
    --moe_shared_expert_overlap true \
    --moe_aux_loss_coeff 0.001 \
    --dataloader_num_workers 8 \
    --dataset_num_proc 8

# node-1
python3 /opt/muster/newest.py \
    --folder /models/megatron_output/GLM-4.5-Air-SFT \
    --has weights \
    --output_dir /models/megatron_output/GLM-4.5-Air-HF
