import { quote } from "../remote/shell";

/** Label of every container that muster made, with the cluster's name. */
export const CLUSTER_LABEL = "muster.cluster";

/**
 * Shell function `ours PID`: exit 0 if the process belongs to the cluster. It lies in one of the cluster's containers (the cgroup's path
 * has the container's id in it, cgroup v1 and v2), or in the session of a process that is marked as a job's (some programs overwrite
 * their environment), or its command line names the cluster's folder, as that of the mesh's sshd without containers does.
 */
export function oursFunction(cluster: string): string {
  return `ids=
if command -v docker >/dev/null; then
  ids=$(timeout 20 docker ps -q --no-trunc --filter ${quote(`label=${CLUSTER_LABEL}=${cluster}`)} 2>/dev/null)
fi
session() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f4; }
sessions=unasked
ours() {
  for id in $ids; do ! grep -qsF "$id" "/proc/$1/cgroup" || return 0; done
  if [ "$sessions" = unasked ]; then
    sessions=" $(grep -lsaE ${quote(`MUSTER_JOB=[^:]*:${cluster}/`)} /proc/[0-9]*/environ | cut -d/ -f3 |
      while read -r marked; do session "$marked"; done | sort -u | tr '\\n' ' ')"
  fi
  case $sessions in *" $(session "$1") "*) return 0 ;; esac
  grep -qsaF ${quote(`/var/lib/muster/${cluster}/`)} "/proc/$1/cmdline"
}
`;
}
