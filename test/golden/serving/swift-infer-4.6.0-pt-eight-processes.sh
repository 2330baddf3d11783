# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
NPROC_PER_NODE=8 \
MASTER_PORT=29556 \
swift infer \
    --model /models/glm \
    --model_type glm4_moe \
    --template glm4_5 \
    --adapters /models/lora \
    --infer_backend transformers \
    --max_batch_size 16 \
    --val_dataset /datasets/q.jsonl \
    --result_path /models/out/a.jsonl \
    --stream false
