# node-1
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
python3 -m sglang.launch_server \
    --model-path /models/glm \
    --served-model-name GLM-4.5-Air \
    --context-length 32768 \
    --tp-size 16 \
    --ep-size 16 \
    --nnodes 2 \
    --node-rank 0 \
    --dist-init-addr 172.16.16.4:20000 \
    --tool-call-parser glm45 \
    --reasoning-parser glm45 \
    --mem-fraction-static 0.9 \
    --host 172.16.16.4 \
    --port 30000

# node-2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
python3 -m sglang.launch_server \
    --model-path /models/glm \
    --served-model-name GLM-4.5-Air \
    --context-length 32768 \
    --tp-size 16 \
    --ep-size 16 \
    --nnodes 2 \
    --node-rank 1 \
    --dist-init-addr 172.16.16.4:20000 \
    --tool-call-parser glm45 \
    --reasoning-parser glm45 \
    --mem-fraction-static 0.9 \
    --host 172.16.16.3 \
    --port 30000
