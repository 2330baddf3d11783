import type { Cluster } from "../config/schema";
import type { DataSetEntry } from "../config/schema/data";
import { type UsedPort, usedPorts } from "../config/used-ports";
import type { Wanted, WantedPath } from "../plan/preflight/host-sight";
import { servingNodes, singleNode } from "../recipes/placement";
import { hostPath } from "./node-folders";

/** What a cluster file wants of its hosts: one list for the plan and for doctor. */
export function wantedOf(settings: Cluster): Wanted {
  const { container, image } = settings;
  return {
    slots: settings.slots,
    shmSizeGib: container.shmSizeGib,
    inContainers: settings.runtime === "container",
    memlockBytes: container.ulimits.memlock,
    rdma: settings.network.rdma,
    imageMustBeThere: !image.pull && image.archive === undefined,
    imageReference: image.reference,
    ports: node =>
      [...usedPorts(settings), ...meetingPort(settings)]
        .filter(({ nodes }) => nodes.includes(node))
        .map(({ port, what, path }) => ({ port, use: what, path: path.join(".") })),
    paths: node => requiredPaths(settings, node),
  };
}

/** Without a training the first host's rendezvous is still where other jobs over all nodes meet. */
function meetingPort({ pipeline, network, hosts }: Cluster): UsedPort[] {
  const nodes = hosts.slice(0, 1).map(({ name }) => name);
  if (pipeline?.train || hosts.length < 2) return [];
  const path = ["network", "masterPort"];
  return [{ path, port: network.masterPort, what: "the rendezvous of jobs over several nodes", nodes }];
}

interface NamedPath {
  /** Where jobs run. */
  readonly path: string | undefined;
  readonly use: string;
  readonly setting: string;
  readonly nodes: readonly string[];
}

/** What jobs of a node read and nobody brings: not the model, of which model-findings tell, nor what a step of the pipeline makes. */
function requiredPaths(settings: Cluster, node: string): WantedPath[] {
  const { pipeline, python, hosts, steps } = settings;
  const all = hosts.map(({ name }) => name);
  const named: NamedPath[] = [
    { path: python.wheels, use: "the folder of wheels", setting: "python.wheels", nodes: all },
    { path: python.swift?.source, use: "the checkout of ms-swift", setting: "python.swift.source", nodes: all },
    ...trainingPaths(settings),
  ];
  if (pipeline?.infer) {
    const nodes = [singleNode(settings, "infer")];
    named.push({ path: pipeline.infer.data, use: "the questions of infer", setting: "pipeline.infer.data", nodes });
    named.push(...own(settings, pipeline.infer.model, "pipeline.infer.model", nodes));
  }
  if (pipeline?.serve)
    named.push(...own(settings, pipeline.serve.model, "pipeline.serve.model", servingNodes(settings)));
  return named.flatMap(({ path, use, setting, nodes }) => {
    const place = path === undefined || !nodes.includes(node) ? undefined : hostPath(settings, path);
    return place === undefined ? [] : [{ path: place, use, setting, mayCome: steps.length > 0 }];
  });
}

function trainingPaths({ pipeline }: Cluster): NamedPath[] {
  const { train, data } = pipeline ?? {};
  if (!train || !data) return [];
  const { nodes } = train;
  const entry = (use: string, setting: string, set: DataSetEntry): NamedPath =>
    typeof set === "string" || set.file !== undefined
      ? { path: undefined, use, setting, nodes }
      : { path: set.path, use, setting: `${setting}.path`, nodes };
  return [
    {
      path: data.file === undefined ? data.path : undefined,
      use: "the data of the training",
      setting: "pipeline.data.path",
      nodes,
    },
    ...(data.sets ?? []).map((set, index) => entry("the data of the training", `pipeline.data.sets.${index}`, set)),
    ...(data.validation ?? []).map((set, index) =>
      entry("the data that the model is measured with", `pipeline.data.validation.${index}`, set),
    ),
  ];
}

/** Weights that a step names itself, unless a step of the pipeline makes them, or they are the model. */
function own({ pipeline }: Cluster, path: string | undefined, setting: string, nodes: readonly string[]): NamedPath[] {
  const made = [pipeline?.model.path, pipeline?.convert?.output, pipeline?.train?.output, pipeline?.export?.output];
  const isMade = made.some(output => output !== undefined && `${path}/`.startsWith(`${output}/`));
  return path === undefined || isMade ? [] : [{ path, use: "the weights of the step", setting, nodes }];
}
