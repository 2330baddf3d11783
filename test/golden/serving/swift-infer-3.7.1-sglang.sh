# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3 \
swift infer \
    --model /models/glm \
    --model_type glm4_5 \
    --infer_backend sglang \
    --sglang_tp_size 2 \
    --sglang_dp_size 2 \
    --sglang_mem_fraction_static 0.8 \
    --val_dataset /datasets/q.jsonl \
    --result_path /models/out/a.jsonl \
    --stream false
