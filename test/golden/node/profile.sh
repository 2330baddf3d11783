# Written by muster from the cluster file. Changes here are undone by the next up.
export GLOO_SOCKET_IFNAME=eth0
export NCCL_SOCKET_IFNAME==eth0
export NOTE='it'\''s here'
if [ -r /etc/muster/proxy.sh ]; then . /etc/muster/proxy.sh; fi
