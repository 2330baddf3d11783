import { profileOf } from "../../recipes/ms-swift/profile";
import { servingNodes, singleNode } from "../../recipes/placement";
import type { Check, CheckRule } from "../check";
import type { Cluster } from "../schema";
import { usedPorts } from "../used-ports";

/** GPUs, ports and steps that depend on each other. */
export const checkPlacement: CheckRule = cluster => [
  ...version(cluster),
  ...slots(cluster),
  ...visibleGpus(cluster),
  ...gpuNumbers(cluster),
  ...ports(cluster),
  ...claims(cluster),
  ...order(cluster),
];

function version({ image, pipeline }: Cluster): Check[] {
  const profile = profileOf(image.swift);
  if (!pipeline || !("refused" in profile)) return [];
  return [
    {
      code: "swift-version",
      severity: "error",
      path: ["image", "swift"],
      found: profile.refused,
      expected: "a version whose arguments are known",
      remedy: "use an image with ms-swift 3.7 to 3.12, or 4",
    },
  ];
}

function slots(cluster: Cluster): Check[] {
  return cluster.hosts.flatMap((host): Check[] =>
    host.gpus === undefined || cluster.slots <= host.gpus
      ? []
      : [
          {
            code: "slots-above-gpus",
            severity: "error",
            path: ["slots"],
            found: `slots ${cluster.slots}, and ${host.gpus} GPUs on ${host.name}`,
            expected: `at most ${host.gpus}`,
            remedy: `write slots: ${host.gpus}, or leave ${host.name} out`,
          },
        ],
  );
}

function visibleGpus({ container, slots }: Cluster): Check[] {
  if (container.gpus === "all" || container.gpus >= slots) return [];
  return [
    {
      code: "slots-above-container",
      severity: "error",
      path: ["container", "gpus"],
      found: `${container.gpus} GPUs for the container, and slots ${slots}`,
      expected: `at least ${slots}, or all`,
      remedy: "write gpus: all",
    },
  ];
}

function gpuNumbers(cluster: Cluster): Check[] {
  return (["convert", "export", "infer", "serve"] as const).flatMap(part => {
    const gpus = cluster.pipeline?.[part]?.gpus ?? [];
    return gpus.flatMap((gpu, i): Check[] =>
      gpu < cluster.slots
        ? []
        : [
            {
              code: "gpu-above-slots",
              severity: "error",
              path: ["pipeline", part, "gpus", i],
              found: `GPU ${gpu} with ${cluster.slots} slots`,
              expected: `0 to ${cluster.slots - 1}`,
              remedy: "choose another, or raise slots",
            },
          ],
    );
  });
}

function ports(cluster: Cluster): Check[] {
  const used = usedPorts(cluster);
  const clashes = used.flatMap((entry, i): Check[] => {
    const other = used.slice(0, i).find(o => o.port === entry.port && o.nodes.some(node => entry.nodes.includes(node)));
    if (!other) return [];
    return [
      {
        code: "ports-clash",
        severity: "error",
        path: entry.path,
        found: `port ${entry.port} for ${entry.what}, which is the port of ${other.what}`,
        expected: "a port of its own: the containers use the host's network",
        remedy: "choose another port",
      },
    ];
  });
  return [...clashes, ...hostSshClashes(cluster)];
}

/** The host's own sshd listens on the same network, unless a forwarded port leads to it. */
function hostSshClashes(cluster: Cluster): Check[] {
  const host = cluster.hosts.find(h => h.port === cluster.container.sshPort);
  if (!host) return [];
  return [
    {
      code: "ports-clash",
      severity: "error",
      path: ["container", "sshPort"],
      found: `port ${host.port}, by which ${host.name} itself is reached`,
      expected: "a port of its own: the containers use the host's network",
      remedy: "choose another sshPort",
    },
  ];
}

function claims(cluster: Cluster): Check[] {
  const { serve, train, infer } = cluster.pipeline ?? {};
  if (!serve || serve.stopForTraining) return [];
  const nodes = servingNodes(cluster);
  const trained = nodes.filter(node => train?.nodes.includes(node));
  const asks =
    infer && nodes.includes(singleNode(cluster, "infer")) && infer.gpus.some(gpu => serve.gpus.includes(gpu));
  const others: string[] = [
    ...(trained.length > 0 ? [`all ${cluster.slots} for the training`] : []),
    ...(asks ? [`${infer.gpus.join(", ")} for infer`] : []),
  ];
  if (others.length === 0) return [];
  return [
    {
      code: "gpu-claims-overlap",
      severity: "error",
      path: ["pipeline", "serve", "gpus"],
      found: `GPUs ${serve.gpus.join(", ")} of ${(trained.length > 0 ? trained : nodes).join(", ")} for the server, and ${others.join(", ")}`,
      expected: "GPUs that nobody else claims",
      remedy: "write serve.stopForTraining: true if a step before it may stop the server, or serve on another node",
    },
  ];
}

function order(cluster: Cluster): Check[] {
  const { pipeline } = cluster;
  if (!pipeline) return [];
  const { train } = pipeline;
  const missing: [boolean, string, string, string][] = [
    [
      Boolean(train) && !pipeline.data && !train?.args.cached_dataset,
      "train",
      "a training without data",
      "add data: {path: /datasets/FILE.jsonl}",
    ],
    [Boolean(pipeline.gather) && !train, "gather", "gather without train", "remove gather, or add train"],
    [Boolean(pipeline.smoke) && !pipeline.serve, "smoke", "smoke without serve", "add serve, or remove smoke"],
  ];
  return missing.flatMap(([isMissing, part, found, remedy]): Check[] =>
    isMissing
      ? [
          {
            code: "step-missing",
            severity: "error",
            path: ["pipeline", part],
            found,
            expected: "the step it depends on",
            remedy,
          },
        ]
      : [],
  );
}
