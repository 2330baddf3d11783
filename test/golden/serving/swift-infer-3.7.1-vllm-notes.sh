# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
swift infer \
    --model /models/hf/vx-hf \
    --infer_backend vllm \
    --vllm_tensor_parallel_size 8 \
    --vllm_max_model_len 8192 \
    --val_dataset /datasets/q.jsonl \
    --result_path /models/out/a.jsonl \
    --stream false \
    --temperature 0 \
    --max_new_tokens 2048
