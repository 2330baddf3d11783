CUDA_VISIBLE_DEVICES=0 \
MODELSCOPE_CACHE=/mnt/workspace/.cache/modelscope \
MEGATRON_LM_PATH=/mnt/workspace/Megatron-LM \
MASTER_PORT=29555 \
swift export \
    --model /models/ZhipuAI/GLM-4.5-Air \
    --model_type glm4_5 \
    --to_mcore true \
    --torch_dtype bfloat16 \
    --output_dir /models/ZhipuAI/GLM-4.5-Air-mcore \
    --test_convert_precision true
