# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3 \
VLLM_HOST_IP=172.16.16.4 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
vllm serve /models/glm \
    --served-model-name GLM-4.5-Air \
    --tensor-parallel-size 4 \
    --max-model-len 32768 \
    --gpu-memory-utilization 0.9 \
    --enable-auto-tool-choice \
    --tool-call-parser glm4_moe \
    --reasoning-parser glm4_moe \
    --host 172.16.16.4 \
    --port 6060 \
    --enforce-eager \
    --enable-chunked-prefill
