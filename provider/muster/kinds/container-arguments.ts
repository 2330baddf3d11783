import { createHash } from "node:crypto";
import type { ContainerInputs } from "./container-inputs";
import { canonical } from "./job/identity";

export const MANAGED_LABEL = "muster.cluster";
export const SPEC_LABEL = "muster.spec";

/** SHA-256 over all that needs a new container when it changes. Labels, restart policy and probe do not. */
export function specDigest(inputs: ContainerInputs): string {
  const { host: _host, labels: _labels, restart: _restart, healthProbe: _probe, ...rest } = inputs;
  return createHash("sha256").update(canonical(rest)).digest("hex");
}

function gpuArguments(gpus: ContainerInputs["gpus"]): string[] {
  if (gpus === "none") return [];
  // Docker reads the value as CSV: the inner quotes keep the list of devices together.
  return gpus === "all" ? ["--gpus", "all"] : ["--gpus", `"device=${gpus.join(",")}"`];
}

function ulimit({ name, soft, hard }: { name: string; soft: number; hard: number }): string {
  return soft === hard ? `${name}=${soft}` : `${name}=${soft}:${hard}`;
}

function mountArgument(mount: { source: string; target: string; readOnly?: boolean | undefined }): string {
  const csv = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const parts = ["type=bind", csv(`source=${mount.source}`), csv(`target=${mount.target}`)];
  return [...parts, ...(mount.readOnly ? ["readonly"] : [])].join(",");
}

/** The whole `docker run` as an argv, in one fixed order. */
export function containerArguments(inputs: ContainerInputs, cluster: string): string[] {
  const each = (flag: string, values: readonly string[] | undefined) => (values ?? []).flatMap(value => [flag, value]);
  const labels = { ...inputs.labels, [MANAGED_LABEL]: cluster, [SPEC_LABEL]: specDigest(inputs) };
  return [
    ...["docker", "run", "-d", "--name", inputs.name],
    ...gpuArguments(inputs.gpus),
    ...(inputs.shmSizeMib === undefined ? [] : [`--shm-size=${inputs.shmSizeMib}m`]),
    `--net=${inputs.network}`,
    ...(inputs.restart === undefined ? [] : [`--restart=${inputs.restart}`]),
    ...(inputs.init ? ["--init"] : []),
    ...(inputs.hostname === undefined ? [] : ["--hostname", inputs.hostname]),
    ...(inputs.workdir === undefined ? [] : ["--workdir", inputs.workdir]),
    ...each("--ulimit", inputs.ulimits?.map(ulimit)),
    ...each("--device", inputs.devices),
    ...each("--cap-add", inputs.capAdd),
    ...(inputs.privileged ? ["--privileged"] : []),
    ...each("--security-opt", inputs.securityOpt),
    ...each("--mount", inputs.mounts?.map(mountArgument)),
    ...Object.entries(inputs.env ?? {}).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...(inputs.entrypoint === undefined ? [] : ["--entrypoint", inputs.entrypoint]),
    inputs.image,
    ...(inputs.command ?? []),
  ];
}
