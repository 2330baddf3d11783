import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";
import { parityFindings } from "./parity";

/** Whether the host can run the node's container with GPUs. */
export function dockerFindings({ node, docker }: HostSight): Finding[] {
  if (!docker) return [];
  if (docker.version === undefined) {
    return [
      {
        code: "no-docker",
        severity: "error",
        host: node,
        fact: "Docker is not installed",
        why: "every node is a container",
        remedy: "apt-get install -y docker.io, then systemctl enable --now docker",
      },
    ];
  }
  if (docker.hasGpuRuntime) return [];
  return [
    {
      code: "no-gpu-runtime",
      severity: "error",
      host: node,
      fact: "Docker has no NVIDIA runtime and no CDI devices",
      why: "the container would start without GPUs or not at all",
      remedy:
        "apt-get install -y nvidia-container-toolkit, then nvidia-ctk runtime configure --runtime=docker, then systemctl restart docker",
    },
  ];
}

/** Of Docker major versions only: within one, engines behave alike. */
export function dockerParity(hosts: readonly HostSight[]): Finding[] {
  return [
    ...engineParity(hosts),
    ...parityFindings(
      "NVIDIA Container Toolkit",
      hosts.map(({ node, toolkitVersion }) => ({ node, value: toolkitVersion })),
      {
        code: "toolkits-differ",
        severity: "warning",
        why: "toolkits of other versions give other devices and libraries to the container",
        remedy: "apt-get install -y nvidia-container-toolkit, of one version on all hosts",
      },
    ),
  ];
}

function engineParity(hosts: readonly HostSight[]): Finding[] {
  return parityFindings(
    "Docker",
    hosts.map(({ node, docker }) => ({ node, value: docker?.version?.split(".")[0] })),
    {
      code: "docker-versions-differ",
      severity: "warning",
      why: "engines of other versions give GPUs, limits and security options in other ways",
      remedy: "apt-get install -y docker-ce, of one version on all hosts",
    },
  );
}
