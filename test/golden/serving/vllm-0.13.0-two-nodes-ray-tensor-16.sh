# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.4 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
python3 /opt/muster/ray_cluster.py head \
    --address 172.16.16.4 \
    --port 6399 \
    --gpus 8 \
    --worker 172.16.16.3 \
    -- vllm serve /models/glm \
    --served-model-name glm \
    --tensor-parallel-size 16 \
    --distributed-executor-backend ray \
    --host 172.16.16.4 \
    --port 6060

# node-2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.3 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
python3 /opt/muster/ray_cluster.py worker \
    --head 172.16.16.4 \
    --address 172.16.16.3 \
    --port 6399 \
    --gpus 8
