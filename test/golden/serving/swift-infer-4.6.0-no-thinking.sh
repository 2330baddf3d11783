# node-1
CUDA_VISIBLE_DEVICES=0 \
swift infer \
    --model /models/glm \
    --model_type glm4_moe \
    --template glm4_5 \
    --infer_backend vllm \
    --vllm_tensor_parallel_size 1 \
    --vllm_max_model_len 8192 \
    --val_dataset /datasets/q.jsonl \
    --result_path /models/out/a.jsonl \
    --stream false \
    --max_new_tokens 2048 \
    --enable_thinking false
