import { command, quote } from "../../../remote/shell";
import { containerArguments } from "./container-arguments";
import type { ContainerInputs } from "./container-inputs";

const OURS = "/var/lib/muster/";

/** Makes and starts the container. Folders of ours are made; any other mount source must be there. */
export function runScript(inputs: ContainerInputs, cluster: string): string {
  const sources = (inputs.mounts ?? []).map(mount => mount.source);
  const mine = sources.filter(source => source.startsWith(OURS));
  const foreign = sources.filter(source => !source.startsWith(OURS));
  return `bad=0
${foreign.map(source => `[ -e ${quote(source)} ] || { echo ${quote(`no mount source ${source}`)} >&2; bad=1; }\n`).join("")}docker image inspect ${quote(inputs.image)} >/dev/null || bad=1
[ "$bad" = 0 ] || exit 1
${mine.map(source => `[ -e ${quote(source)} ] || (umask 077; mkdir -p ${quote(source)}) || exit 1\n`).join("")}${command(containerArguments(inputs, cluster))}
code=$?
if [ "$code" != 0 ]; then docker rm -f ${quote(inputs.name)} >/dev/null 2>&1; fi
exit "$code"
`;
}

/** What of muster's jobs and what GPU work is alive in a container: lines `job NAME` and `gpu PID NAME`. Changes nothing. */
export function busyScript(name: string): string {
  return `pids=$(docker top ${quote(name)} -eo pid 2>/dev/null | sed 1d)
for pid in $pids; do
  tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^MUSTER_JOB=\\([^:]*\\):.*/job \\1/p'
done | sort -u
command -v nvidia-smi >/dev/null || exit 0
nvidia-smi --query-compute-apps=pid,process_name --format=csv,noheader 2>/dev/null | while IFS=', ' read -r pid program; do
  for own in $pids; do [ "$own" = "$pid" ] && echo "gpu $pid $program"; done
done
exit 0
`;
}

export interface Busy {
  readonly jobs: readonly string[];
  readonly gpuProcesses: readonly string[];
}

export function parseBusy(output: string): Busy {
  const after = (word: string) =>
    output
      .split("\n")
      .filter(line => line.startsWith(`${word} `))
      .map(line => line.slice(word.length + 1).trim());
  return { jobs: after("job"), gpuProcesses: after("gpu") };
}

/** Entering a container costs far more than a try in it, so one entry tries for some seconds; $0 is the probe. */
const TRY_INSIDE =
  'end=$(($(date +%s) + 5)); until sh -c "$0"; do [ "$(date +%s)" -lt "$end" ] || exit 1; sleep 0.1; done';

/** Runs the probe inside until it succeeds; exit 0, or 1 with the probe's last words. */
export function healthScript(name: string, probe: { script: string; timeoutSeconds: number }): string {
  return `end=$(($(date +%s) + ${Math.ceil(probe.timeoutSeconds)}))
while :; do
  said=$(docker exec ${quote(name)} sh -c ${quote(TRY_INSIDE)} ${quote(probe.script)} 2>&1) && exit 0
  [ "$(date +%s)" -lt "$end" ] || break
  sleep 0.2
done
printf '%s\\n' "$said" | tail -n 3
docker logs --tail 5 ${quote(name)} 2>&1
exit 1
`;
}

/** Docker's answer to a failed start, in the operator's terms. */
export function explainRunFailure(inputs: ContainerInputs, stderr: string): string {
  const where = `${inputs.host}: container ${inputs.name} could not be started`;
  const said = stderr.trim().split("\n").slice(-6).join("; ");
  const missing = [...stderr.matchAll(/^no mount source (.*)$/gm)].map(match => match[1]);
  if (missing.length > 0) {
    return `${where}: ${missing.join(", ")} should be mounted, but does not exist on the host. Remedy: create it there, or mend the mounts in the cluster file`;
  }
  if (/could not select device driver/.test(stderr)) {
    return (
      `${where}: docker has no driver for GPUs (${said}). Remedy: install the NVIDIA container toolkit on the host, then ` +
      "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker; or set runtime.install: true"
    );
  }
  if (/No such image/i.test(stderr)) {
    return `${where}: the image ${inputs.image} is not on the host. Remedy: declare it as an Image of this host first`;
  }
  if (/Conflict\. The container name/.test(stderr)) {
    return `${where}: another container has this name. Remedy: docker rm -f ${inputs.name} on the host if it is not needed, or choose another name`;
  }
  if (/Cannot connect to the Docker daemon|permission denied.*docker\.sock/is.test(stderr)) {
    return `${where}: ${said}. Remedy: start docker on the host (systemctl start docker), or let the user into it (root, sudo, or the docker group)`;
  }
  return `${where}: ${said}`;
}
