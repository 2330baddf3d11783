# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.4 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
vllm serve /models/glm \
    --served-model-name GLM-4.5-Air \
    --tensor-parallel-size 8 \
    --pipeline-parallel-size 2 \
    --max-model-len 32768 \
    --gpu-memory-utilization 0.9 \
    --enable-auto-tool-choice \
    --tool-call-parser glm45 \
    --reasoning-parser glm45 \
    --nnodes 2 \
    --node-rank 0 \
    --master-addr 172.16.16.4 \
    --master-port 29501 \
    --host 172.16.16.4 \
    --port 6060

# node-2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.3 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
vllm serve /models/glm \
    --served-model-name GLM-4.5-Air \
    --tensor-parallel-size 8 \
    --pipeline-parallel-size 2 \
    --max-model-len 32768 \
    --gpu-memory-utilization 0.9 \
    --enable-auto-tool-choice \
    --tool-call-parser glm45 \
    --reasoning-parser glm45 \
    --nnodes 2 \
    --node-rank 1 \
    --master-addr 172.16.16.4 \
    --master-port 29501 \
    --headless
