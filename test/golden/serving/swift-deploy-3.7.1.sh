# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
python3 /opt/muster/deploy.py \
    --port 8000 \
    -- swift deploy \
    --model /models/glm \
    --model_type glm4_5 \
    --served_model_name GLM-4.5-Air \
    --infer_backend vllm \
    --vllm_tensor_parallel_size 4 \
    --vllm_max_model_len 32768 \
    --vllm_gpu_memory_utilization 0.9 \
    --verbose false \
    --result_path /dev/null \
    --host 172.16.16.4 \
    --port 8000
