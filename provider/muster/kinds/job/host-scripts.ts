import { quote } from "../../../../remote/shell";
import { processMark } from "./gang-files";

/** Seconds in which a claimed GPU without any process of its job counts as one that is being started. */
const CLAIM_START_SECONDS = 60;

export interface ClaimConflict {
  readonly gpu: number;
  readonly job: string;
}

export function claimsFolder(cluster: string): string {
  return quote(`/var/lib/muster/${cluster}/claims`);
}

/**
 * Takes GPUs of one host: a folder each, made by mkdir, which only one can do. A claim whose job has no process on the host
 * is stale and is taken over. All or none.
 */
export function claimScript(cluster: string, job: string, incarnation: string, gpus: readonly number[]): string {
  return `c=${claimsFolder(cluster)}
umask 077
mkdir -p "$c"
job=${quote(job)} owner=${quote(processMark(job, incarnation))} now=$(date +%s) taken='' held=''
for g in ${gpus.join(" ")}; do
  if ! mkdir "$c/gpu-$g" 2>/dev/null; then
    other='' since=0
    read -r other since 2>/dev/null <"$c/gpu-$g/owner"
    if [ -n "$other" ] && [ "\${other%:*}" != "$job" ]; then
      if [ $((now - since)) -lt ${CLAIM_START_SECONDS} ] || grep -qlF "MUSTER_JOB=$other" /proc/[0-9]*/environ 2>/dev/null; then
        held="$held $g"
        echo "held $g \${other%:*}"
        continue
      fi
    fi
  fi
  echo "$owner $now" >"$c/gpu-$g/owner.new" && mv "$c/gpu-$g/owner.new" "$c/gpu-$g/owner" || exit 1
  taken="$taken $g"
done
if [ -n "$held" ]; then
  for g in $taken; do rm -rf "$c/gpu-$g"; done
fi
exit 0
`;
}

/** @returns the GPUs that another live job holds. */
export function parseClaims(output: string): ClaimConflict[] {
  return [...output.matchAll(/^held (\d+) (\S+)$/gm)].map(match => ({ gpu: Number(match[1]), job: match[2] ?? "" }));
}

export function releaseScript(cluster: string, job: string): string {
  return `for claim in ${claimsFolder(cluster)}/gpu-*; do
  [ -f "$claim/owner" ] || continue
  read -r owner _ <"$claim/owner"
  [ "\${owner%:*}" = ${quote(job)} ] && rm -rf "$claim"
done
exit 0
`;
}

/** Starts the gang on its leader's host. Standard input: a line a file, its name and its bytes in base64. */
export function startScript(folder: string): string {
  return `d=${quote(folder)}
umask 077
mkdir -p "$d" || exit 1
find "$d" -mindepth 1 -delete || exit 1
while read -r name data; do printf %s "$data" | base64 -d >"$d/$name" || exit 1; done
cd "$d" || exit 1
setsid sh ./supervisor lead "$d" </dev/null >>leader.log 2>&1 &
tries=50
while [ ! -s leader ] && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
[ -s leader ] || { cat leader.log >&2; exit 1; }
`;
}

/**
 * Asks the gang to stop and waits until its supervisor has proved that it did. What a killed supervisor left of itself (its
 * session on this host) is ended too: it must not write into the folder of the next run.
 */
export function stopScript(folder: string, waitSeconds: number): string {
  return `d=${quote(folder)}
[ -f "$d/leader" ] || exit 0
read -r pid start boot <"$d/leader"
[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || exit 0
started() { sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20; }
if [ ! -f "$d/done" ] && [ "$(started)" = "$start" ]; then
  : >"$d/stop"
  tries=${waitSeconds * 4}
  while [ ! -f "$d/done" ] && [ "$(started)" = "$start" ] && [ "$tries" -gt 0 ]; do sleep 0.25; tries=$((tries - 1)); done
fi
[ -z "$(started)" ] || [ "$(started)" = "$start" ] || exit 0
session() { sed -n "s/^\\([0-9]*\\) (.*) [^ZX] [0-9-]* [0-9-]* $pid .*/\\1/p" /proc/[0-9]*/stat 2>/dev/null; }
tries=20
while [ -n "$(session)" ] && [ "$tries" -gt 0 ]; do
  for member in $(session); do kill -s KILL "$member" 2>/dev/null; done
  sleep 0.1
  tries=$((tries - 1))
done
exit 0
`;
}

/**
 * Ends every process of a job on one host, seen from the host, which sees into all its containers; then proves it.
 * Prints `left PID COMMAND` for what would not die.
 */
export function sweepScript(job: string, graceSeconds: number): string {
  return `mark=${quote(`MUSTER_JOB=${job}:`)}
members() { grep -lF "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
each() { for pid in $(members); do kill -s "$1" "$pid" 2>/dev/null; done; }
if [ -n "$(members)" ]; then
  each TERM; each CONT
  tries=${graceSeconds * 4}
  while [ -n "$(members)" ] && [ "$tries" -gt 0 ]; do sleep 0.25; tries=$((tries - 1)); done
  tries=40
  while [ -n "$(members)" ] && [ "$tries" -gt 0 ]; do each KILL; sleep 0.25; tries=$((tries - 1)); done
fi
for pid in $(members); do echo "left $pid $(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"; done
exit 0
`;
}

/** Asks a URL once: exit 0 for an answer of 2xx. A host may have curl, wget, or neither but python3. */
export function httpProbeScript(url: string): string {
  const target = quote(url);
  return `if command -v curl >/dev/null; then curl -fsS -m 5 -o /dev/null --noproxy '*' ${target}
elif command -v wget >/dev/null; then wget -q -T 5 -t 1 -O /dev/null --no-proxy ${target}
else python3 -c 'import sys,urllib.request as u;u.build_opener(u.ProxyHandler({})).open(sys.argv[1],timeout=5)' ${target}
fi
`;
}
