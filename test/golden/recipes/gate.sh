# node-1
NCCL_IB_TC=106 \
CUDA_VISIBLE_DEVICES=0,1 \
MASTER_ADDR=10.0.0.1 \
MASTER_PORT=29600 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
MUSTER_NODE_ADDRESS=10.0.0.1 \
python3 /opt/muster/fabric.py \
    --node node-1 \
    --nodes node-1,node-2 \
    --ranks-per-node 2 \
    --sizes-mib 8,64 \
    --pairs always \
    --seconds 120

# node-2
NCCL_IB_TC=106 \
CUDA_VISIBLE_DEVICES=0,1 \
MASTER_ADDR=10.0.0.1 \
MASTER_PORT=29600 \
NCCL_SOCKET_IFNAME==eth0 \
GLOO_SOCKET_IFNAME=eth0 \
MUSTER_NODE_ADDRESS=10.0.0.2 \
python3 /opt/muster/fabric.py \
    --node node-2 \
    --nodes node-1,node-2 \
    --ranks-per-node 2 \
    --sizes-mib 8,64 \
    --pairs always \
    --seconds 120
