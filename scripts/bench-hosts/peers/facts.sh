# What is asked of a host before anything is changed: the topics that muster asks for too.
set -e
cat /etc/os-release
uname -rm
nproc
head -3 /proc/meminfo
nvidia-smi --format=csv,noheader,nounits --query-gpu=index,name,uuid,memory.total,driver_version
docker info --format '{{.ServerVersion}} {{.Driver}} {{range $name, $_ := .Runtimes}}{{$name}} {{end}}'
ip -j addr
ip -j route
ls /sys/class/infiniband 2>/dev/null || true
df -P /var/lib /tmp
df -P /dev/shm
cat /proc/self/limits
