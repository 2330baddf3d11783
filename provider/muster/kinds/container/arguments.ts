import { createHash } from "node:crypto";
import { CLUSTER_LABEL } from "../../../../facts/ours";
import { canonical } from "../job/identity";
import type { ContainerInputs } from "./inputs";
import { limitArguments } from "./limits";

export const MANAGED_LABEL = CLUSTER_LABEL;
export const SPEC_LABEL = "muster.spec";

/** Of Docker's own check (CIS Docker 5.27): often enough for people, seldom enough to cost nothing. */
export const HEALTH_SECONDS = { interval: 60, timeout: 10, startPeriod: 60, retries: 3 } as const;

/** What changes in a living container, or is no option of it. */
const LIVE = [
  ...["host", "name", "labels", "restart", "healthProbe", "service"],
  ...["memoryMib", "memorySwapMib", "cpus", "cpusetCpus", "pidsLimit"],
] as const satisfies readonly (keyof ContainerInputs)[];

/** SHA-256 over all that needs a new container when it changes. */
export function specDigest(inputs: ContainerInputs): string {
  const live = new Set<string>(LIVE);
  const rest = Object.fromEntries(Object.entries(inputs).filter(([field]) => !live.has(field)));
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

function healthArguments(command: string | undefined): string[] {
  if (command === undefined) return [];
  const { interval, timeout, startPeriod, retries } = HEALTH_SECONDS;
  const times = [
    `--health-interval=${interval}s`,
    `--health-timeout=${timeout}s`,
    `--health-start-period=${startPeriod}s`,
  ];
  return ["--health-cmd", command, ...times, `--health-retries=${retries}`];
}

/** The whole `docker create` as an argv, in one fixed order. */
export function containerArguments(inputs: ContainerInputs, cluster: string): string[] {
  const each = (flag: string, values: readonly string[] | undefined) => (values ?? []).flatMap(value => [flag, value]);
  const labels = { ...inputs.labels, [MANAGED_LABEL]: cluster, [SPEC_LABEL]: specDigest(inputs) };
  return [
    ...["docker", "create", "--name", inputs.name],
    ...gpuArguments(inputs.gpus),
    ...(inputs.shmSizeMib === undefined ? [] : [`--shm-size=${inputs.shmSizeMib}m`]),
    `--net=${inputs.network}`,
    ...limitArguments(inputs),
    ...(inputs.init ? ["--init"] : []),
    ...(inputs.hostname === undefined ? [] : ["--hostname", inputs.hostname]),
    ...(inputs.workdir === undefined ? [] : ["--workdir", inputs.workdir]),
    ...each("--ulimit", inputs.ulimits?.map(ulimit)),
    ...each("--device", inputs.devices),
    ...each("--cap-add", inputs.capAdd),
    ...each("--cap-drop", inputs.capDrop),
    ...(inputs.privileged ? ["--privileged"] : []),
    ...each("--security-opt", inputs.securityOpt),
    ...each("--mount", inputs.mounts?.map(mountArgument)),
    ...Object.entries(inputs.env ?? {}).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...healthArguments(inputs.healthCommand),
    ...(inputs.entrypoint === undefined ? [] : ["--entrypoint", inputs.entrypoint]),
    inputs.image,
    ...(inputs.command ?? []),
  ];
}
