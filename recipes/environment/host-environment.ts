import type { Cluster } from "../../config/schema";
import type { EnvironmentSettings } from "../../config/schema/environment";
import { cudaEnvironment } from "./cuda-toolkit";
import { resolvedVersions } from "./resolve";

/** What is known of an environment on the hosts before any host is asked. */
export interface HostEnvironment {
  readonly settings: EnvironmentSettings;
  readonly versions: ReturnType<typeof resolvedVersions>;
  /** Its own python. */
  readonly python: string;
  /** Constraints of every pip install in it. */
  readonly constraints: string;
  /** CUDA_HOME of builds, and of servers that compile kernels. */
  readonly cudaHome: string;
  readonly hasToolkit: boolean;
}

/** The environment that a cluster file declares; undefined with runtime container. */
export function hostEnvironment({ runtime, python }: Pick<Cluster, "runtime" | "python">): HostEnvironment | undefined {
  const settings = python.environment;
  if (runtime !== "host" || !settings) return undefined;
  const { path, kind, components } = settings;
  return {
    settings,
    versions: resolvedVersions(settings),
    python: `${path}/bin/python`,
    constraints: `${path}/muster/constraints.txt`,
    cudaHome: settings.cudaHome ?? (kind === "conda" ? path : "/usr/local/cuda"),
    hasToolkit: needsToolkit(components) || settings.flashAttention === "build" || settings.cudaHome !== undefined,
  };
}

/** transformer-engine and apex are compiled; the servers compile kernels when they start. */
function needsToolkit(components: EnvironmentSettings["components"]): boolean {
  return components.includes("megatron") || components.includes("vllm") || components.includes("sglang");
}

/** Variables of a job that runs in the environment, as an activated one has them. */
export function activated(environment: HostEnvironment): Record<string, string> {
  const { settings, cudaHome, hasToolkit } = environment;
  const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const bin = [`${settings.path}/bin`, ...(hasToolkit ? [`${cudaHome}/bin`] : [])];
  return {
    PATH: [...new Set(bin), system].join(":"),
    ...(settings.kind === "venv" ? { VIRTUAL_ENV: settings.path } : { CONDA_PREFIX: settings.path }),
    ...(hasToolkit && cudaEnvironment(cudaHome)),
  };
}
