# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
python3 -m sglang.launch_server \
    --model-path /models/glm \
    --served-model-name glm \
    --tp-size 8 \
    --host 172.16.16.4 \
    --port 30000

# node-2, replica 2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
python3 -m sglang.launch_server \
    --model-path /models/glm \
    --served-model-name glm \
    --tp-size 8 \
    --host 172.16.16.3 \
    --port 30000

# node-1, router
python3 -m sglang_router.launch_router \
    --worker-urls http://172.16.16.4:30000 http://172.16.16.3:30000 \
    --policy cache_aware \
    --host 172.16.16.4 \
    --port 8080
