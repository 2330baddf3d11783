# node-1
CUDA_VISIBLE_DEVICES=0,1 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
python3 /opt/muster/deploy.py \
    --port 6060 \
    -- swift deploy \
    --model /models/glm \
    --model_type glm4_moe \
    --template glm4_5 \
    --served_model_name glm \
    --infer_backend sglang \
    --sglang_tp_size 2 \
    --sglang_context_length 8192 \
    --sglang_mem_fraction_static 0.8 \
    --verbose false \
    --host 172.16.16.4 \
    --port 6060
