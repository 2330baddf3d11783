import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";
import { shortId } from "./image";
import { parityFindings } from "./parity";

/** The node's containers, once there are some: they run, see their GPUs, and have one image. */
export function containerFindings(hosts: readonly HostSight[], wanted: Wanted): Finding[] {
  const sights = hosts.map(({ node, container }) => ({
    node,
    fact: container,
    value: container && presentValue(container),
  }));
  if (!sights.some(({ value }) => value)) return [];
  return [
    ...sights
      .filter(({ fact }) => fact?.status === "absent")
      .map(
        ({ node }): Finding => ({
          code: "container-missing",
          severity: "warning",
          host: node,
          fact: "the node's container is not there, and other hosts have theirs",
          why: "no job can run on this host",
          remedy: "muster up",
        }),
      ),
    ...sights.flatMap(({ node, value }) =>
      value && value.status !== "running"
        ? [
            {
              code: "container-down",
              severity: "warning" as const,
              host: node,
              fact: `the node's container does not run: ${value.status}`,
              why: "no job can run on this host",
              remedy: "muster up; docker logs of the container says why it ended",
            },
          ]
        : [],
    ),
    ...sights.flatMap(({ node, value }) => lostGpus(node, value?.inside, wanted)),
    ...parityFindings(
      "the container's image is",
      sights.map(({ node, value }) => ({ node, value: shortId(value?.imageId) })),
      {
        code: "container-images-differ",
        severity: "error",
        why: "ranks with other versions of torch or NCCL hang or fail at the first collective",
        remedy: "muster up",
      },
    ),
  ];
}

function lostGpus(
  node: string,
  inside: { readonly gpuCount?: number; readonly gpuProblem?: string } | undefined,
  { slots }: Wanted,
): Finding[] {
  const problem =
    inside?.gpuProblem ??
    (inside?.gpuCount !== undefined && inside.gpuCount < slots
      ? `it sees ${inside.gpuCount} GPUs, slots is ${slots}`
      : undefined);
  if (problem === undefined) return [];
  return [
    {
      code: "gpus-lost",
      severity: "error",
      host: node,
      fact: `the container does not see its GPUs: ${problem}`,
      why: "a daemon-reload of systemd takes the devices from running containers; every job in it fails",
      remedy: "muster up, or docker restart the container",
    },
  ];
}
