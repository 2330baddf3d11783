# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.4 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
vllm serve /models/glm \
    --served-model-name glm \
    --tensor-parallel-size 4 \
    --data-parallel-size 4 \
    --enable-expert-parallel \
    --data-parallel-size-local 2 \
    --data-parallel-address 172.16.16.4 \
    --data-parallel-rpc-port 13345 \
    --host 172.16.16.4 \
    --port 6060

# node-2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.3 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
vllm serve /models/glm \
    --served-model-name glm \
    --tensor-parallel-size 4 \
    --data-parallel-size 4 \
    --enable-expert-parallel \
    --data-parallel-size-local 2 \
    --data-parallel-address 172.16.16.4 \
    --data-parallel-rpc-port 13345 \
    --headless \
    --data-parallel-start-rank 2
