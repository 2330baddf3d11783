CUDA_VISIBLE_DEVICES=0 \
MODELSCOPE_CACHE=/mnt/workspace/.cache/modelscope \
MEGATRON_LM_PATH=/mnt/workspace/Megatron-LM \
MASTER_PORT=29555 \
swift export \
    --mcore_model /models/megatron_output/GLM-4.5-Air-SFT \
    --to_hf true \
    --torch_dtype bfloat16 \
    --output_dir /models/megatron_output/GLM-4.5-Air-HF \
    --test_convert_precision true
