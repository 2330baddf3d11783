# node-2
CUDA_VISIBLE_DEVICES=0,1,2,3,4,5,6,7 \
VLLM_HOST_IP=172.16.16.3 \
NCCL_SOCKET_IFNAME==ens5 \
GLOO_SOCKET_IFNAME=ens5 \
vllm serve /models/glm \
    --served-model-name glm \
    --tensor-parallel-size 4 \
    --data-parallel-size 2 \
    --host 172.16.16.3 \
    --port 8000
