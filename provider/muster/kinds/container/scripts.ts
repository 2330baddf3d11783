import { command, quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { containerArguments } from "./arguments";
import type { ContainerInputs } from "./inputs";

const OURS = "/var/lib/muster/";

/** Makes and starts the container, or leaves none. Folders of ours are made; any other mount source must be there. */
export function runScript(inputs: ContainerInputs, cluster: string): string {
  const sources = (inputs.mounts ?? []).map(mount => mount.source);
  const mine = sources.filter(source => source.startsWith(OURS));
  const foreign = sources.filter(source => !source.startsWith(OURS));
  return `bad=0
${foreign.map(source => `[ -e ${quote(source)} ] || { echo ${quote(`no mount source ${source}`)} >&2; bad=1; }\n`).join("")}docker image inspect ${quote(inputs.image)} >/dev/null || bad=1
[ "$bad" = 0 ] || exit 1
${mine.map(source => `[ -e ${quote(source)} ] || (umask 077; mkdir -p ${quote(source)}) || exit 1\n`).join("")}id=$(${command(containerArguments(inputs, cluster))}) || exit 1
docker start "$id" >/dev/null && exit 0
# By its id: what has this name may be somebody else's.
docker rm -f "$id" >/dev/null 2>&1
exit 1
`;
}

interface Explanation {
  readonly said: RegExp;
  readonly summary: (inputs: ContainerInputs, stderr: string) => string;
  readonly remedy: (inputs: ContainerInputs) => string;
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    said: /^no mount source /m,
    summary: (_, stderr) => {
      const missing = [...stderr.matchAll(/^no mount source (.*)$/gm)].map(match => match[1]);
      return `${missing.join(", ")} should be mounted, but does not exist on the host`;
    },
    remedy: () => "create it there, or mend the mounts in the cluster file",
  },
  {
    said: /could not select device driver/,
    summary: () => "docker has no driver for GPUs",
    remedy: () =>
      "install the NVIDIA container toolkit on the host, then " +
      "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker; or set runtime.install: true",
  },
  {
    said: /No such image/i,
    summary: ({ image }) => `the image ${image} is not on the host`,
    remedy: () => "declare it as an Image of this host first",
  },
  {
    said: /Conflict\. The container name/,
    summary: () => "another container has this name",
    remedy: ({ name }) => `docker rm -f ${name} on the host if it is not needed, or choose another name`,
  },
  {
    said: /Range of CPUs is from|Requested CPUs are not available/,
    summary: () => "the host has fewer processors than declared",
    remedy: () => "lower container.cpus",
  },
  {
    said: /no space left on device/i,
    summary: () => "a disk of the host is full",
    remedy: () =>
      "docker system df and df -h on the host tell which; docker image prune removes images that nothing uses",
  },
  {
    said: /Cannot connect to the Docker daemon|permission denied[\s\S]*docker\.sock/i,
    summary: () => "docker does not answer",
    remedy: () =>
      "start docker on the host (systemctl start docker), or let the user into it (root, sudo, or the docker group)",
  },
];

/** Docker's answer to a failed start, in the operator's terms. */
export function explainRunFailure(inputs: ContainerInputs, stderr: string): OperatorError {
  const known = EXPLANATIONS.find(({ said }) => said.test(stderr));
  const summary = `container ${inputs.name} could not be started`;
  const detail = stderr.trim().split("\n").slice(-6).join("\n");
  return new OperatorError({
    summary: known ? `${summary}: ${known.summary(inputs, stderr)}` : summary,
    where: `host ${inputs.host}`,
    ...(detail && { detail }),
    remedy: known?.remedy(inputs) ?? "mend what docker says, then run up again",
  });
}
