# Makes the node container unless it runs, and waits until its sshd answers. Prints the container's id when it made one.
set -eu
root=/var/lib/muster/bench
if [ "$(docker inspect -f '{{.State.Running}}' ms 2>/dev/null)" != true ]; then
  docker rm -f ms >/dev/null 2>&1 || true
  docker run -d --name ms --gpus all --shm-size 1024m --network host --workdir /mnt/workspace \
    --mount "type=bind,source=$root/node,target=/etc/muster,readonly" \
    --mount "type=bind,source=$root/ssh,target=/root/.ssh" \
    --mount "type=bind,source=$root/tools,target=/opt/muster,readonly" \
    --mount "type=bind,source=$root/results,target=/var/lib/muster/results" \
    --mount "type=bind,source=$root/data,target=/var/lib/muster/data" \
    --mount "type=bind,source=$root/workspace,target=/mnt/workspace" \
    --cap-drop MKNOD --cap-drop NET_RAW --security-opt no-new-privileges --pids-limit 65536 \
    --health-cmd /etc/muster/health.sh --health-interval 60s --health-timeout 10s --health-start-period 60s --health-retries 3 \
    --restart unless-stopped --init --ulimit memlock=-1 --ulimit stack=67108864 --ulimit nofile=1048576 \
    --entrypoint /bin/sh muster-bench-node:dev /etc/muster/start.sh
fi
address=$(awk '$1 == "ListenAddress" {print $2}' $root/node/sshd_config)
# shellcheck disable=SC2016 # bash's, which can open a connection by itself
timeout 60 bash -c 'until exec 3<>"/dev/tcp/$0/2333" && head -c 4 <&3 | grep -q SSH-; do sleep 0.1; done' "$address" 2>/dev/null
