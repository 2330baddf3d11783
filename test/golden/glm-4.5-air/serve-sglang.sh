CUDA_VISIBLE_DEVICES=0,1,2,3 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
NCCL_IB_DISABLE=1 \
NCCL_IBEXT_DISABLE=1 \
python3 -m sglang.launch_server \
    --model-path /models/megatron_output/GLM-4.5-Air-HF \
    --served-model-name GLM-4.5-Air \
    --context-length 32768 \
    --tp-size 4 \
    --tool-call-parser hermes \
    --mem-fraction-static 0.9 \
    --host 172.16.16.4 \
    --port 6060 \
    --trust-remote-code
