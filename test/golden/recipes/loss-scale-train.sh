NNODES=2 \
NODE_RANK=0 \
NPROC_PER_NODE=8 \
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True \
MODELSCOPE_CACHE=/mnt/workspace/.cache/modelscope \
MEGATRON_LM_PATH=/mnt/workspace/Megatron-LM \
MASTER_ADDR=10.0.0.1 \
MASTER_PORT=29500 \
megatron sft \
    --load /models/ZhipuAI/GLM-4.5-Air-mcore \
    --dataset /datasets/tools.jsonl \
    --train_type full \
    --agent_template hermes \
    --loss_scale muster \
    --tensor_model_parallel_size 4 \
    --pipeline_model_parallel_size 2 \
    --context_parallel_size 1 \
    --expert_model_parallel_size 8 \
    --expert_tensor_parallel_size 1 \
    --sequence_parallel true \
    --micro_batch_size 1 \
    --global_batch_size 16 \
    --recompute_granularity full \
    --recompute_method uniform \
    --recompute_num_layers 1 \
    --max_epochs 1 \
    --finetune true \
    --lr 1e-5 \
    --min_lr 1e-6 \
    --lr_warmup_fraction 0.05 \
    --max_length 8192 \
    --packing true \
    --save /models/megatron_output/GLM-4.5-Air-SFT \
    --add_version false \
    --save_interval 200 \
    --moe_grouped_gemm true \
    --moe_permute_fusion true \
    --moe_shared_expert_overlap true \
    --moe_aux_loss_coeff 0.001 \
    --cross_entropy_loss_fusion true \
    --attention_backend flash \
    --optimizer_cpu_offload true \
    --use_precision_aware_optimizer true \
    --overlap_grad_reduce true \
    --overlap_param_gather true \
    --no_save_optim true \
    --no_save_rng true \
    --num_workers 8 \
    --dataset_num_proc 8 \
    --external_plugins /var/lib/muster/data/muster_loss_scale_3ca6b10140f5.py
