import { quote } from "../../../../remote/shell";

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
 * session on this host) is ended too: it must not write into the folder of the next run. A supervisor whose folder somebody
 * has deleted cannot be asked; it is known by its command line, and its ranks end when it does.
 */
export function stopScript(folder: string, waitSeconds: number): string {
  return `d=${quote(folder)}
session() { sed -n "s/^\\([0-9]*\\) (.*) [^ZX] [0-9-]* [0-9-]* $1 .*/\\1/p" /proc/[0-9]*/stat 2>/dev/null; }
end_session() {
  tries=20
  while [ -n "$(session "$1")" ] && [ "$tries" -gt 0 ]; do
    for member in $(session "$1"); do kill -s KILL "$member" 2>/dev/null; done
    sleep 0.1
    tries=$((tries - 1))
  done
}
if [ ! -f "$d/leader" ]; then
  grep -lsaF "$d" /proc/[0-9]*/cmdline | while read -r line; do
    [ "$({ tr '\\0' ' ' <"$line"; } 2>/dev/null)" = "sh ./supervisor lead $d " ] || continue
    pid=\${line#/proc/}
    end_session "\${pid%/cmdline}"
  done
  exit 0
fi
read -r pid start boot <"$d/leader"
[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || exit 0
started() { sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20; }
if [ ! -f "$d/done" ] && [ "$(started)" = "$start" ]; then
  : >"$d/stop"
  tries=${waitSeconds * 4}
  while [ ! -f "$d/done" ] && [ "$(started)" = "$start" ] && [ "$tries" -gt 0 ]; do sleep 0.25; tries=$((tries - 1)); done
fi
[ -z "$(started)" ] || [ "$(started)" = "$start" ] || exit 0
end_session "$pid"
exit 0
`;
}

/**
 * Ends every process of a job on one host, seen from the host, which sees into all its containers; then proves it.
 * Prints `left PID COMMAND` for what would not die. `mark`: see processMark.
 */
export function sweepScript(mark: string, graceSeconds: number): string {
  return `mark=${quote(`MUSTER_JOB=${mark}`)}
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
