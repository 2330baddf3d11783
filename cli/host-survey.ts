import { modelFolder, spaceWanted } from "../components/model-findings";
import { wantedOf } from "../components/wanted";
import type { Cluster, ClusterHost } from "../config/schema";
import { existingPaths } from "../facts/existing-paths";
import { type Fact, factOf, presentValue } from "../facts/fact";
import { type FolderSpace, folderSpace } from "../facts/folder-space";
import { type GpuHolder, gpuHolders } from "../facts/gpu-holders";
import { hostFactsScript, parseHostFacts } from "../facts/host-facts";
import { type NodeContainer, nodeContainer } from "../facts/node-container";
import { type NodeImage, nodeImage } from "../facts/node-image";
import type { PythonPlace } from "../facts/packages";
import { type PassingFacts, parsePassingFacts, passingFactsScript } from "../facts/passing-facts";
import { portHolders } from "../facts/port-holders";
import { parseProbe, topicsScript } from "../facts/probe";
import type { KnownHost } from "../plan/known-facts";
import { jobFolder } from "../provider/muster/kinds/job/gang-files";
import { wayToRoot } from "../remote/access";
import type { Hosts, Probe } from "../remote/runner";
import { quote } from "../remote/shell";

/** Bound of one question to a host, which batches several of them. */
const SECONDS = 50;

/** A host that answered, with what is true of it only for now. */
export interface SurveyedHost extends KnownHost {
  readonly passing: PassingFacts;
  /** How far its clock is ahead of the operator's at the least, negative behind, in seconds. */
  readonly clockAheadSeconds?: number;
  readonly gpuHolders: Fact<readonly GpuHolder[]>;
  readonly container: Fact<NodeContainer>;
  readonly image: Fact<NodeImage>;
  readonly folderSpace: Fact<readonly FolderSpace[]>;
  /** The node's mesh of ssh is there: its container runs, or the mesh's job without containers. */
  readonly hasMesh: boolean;
}

/** Asks one host for everything that doctor judges; changes nothing. */
export async function surveyHost(hosts: Hosts, cluster: Cluster, host: ClusterHost): Promise<SurveyedHost> {
  const probe = hosts.probe(host.name);
  const asked = {
    peers: cluster.hosts.filter(each => each.name !== host.name).map(each => each.clusterAddress),
    model: modelFolder(cluster),
  };
  const python = pythonPlace(cluster);
  const folders = cluster.container.mounts.filter(({ readOnly }) => !readOnly).map(mount => mount.host);
  const now = { folders, ...(python && { python }) };
  const began = Date.now();
  const [facts, passing, parts, access] = await Promise.all([
    ask(probe, hostFactsScript(asked)),
    ask(probe, passingFactsScript(now)).then(output => ({ output, ended: Date.now() })),
    askParts(probe, cluster, host.name),
    probe.access(),
  ]);
  const passingFacts = parsePassingFacts(passing.output, now);
  const clock = presentValue(passingFacts.clock);
  return {
    node: host.name,
    address: host.clusterAddress,
    facts: parseHostFacts(facts, asked),
    access: wayToRoot(access),
    // Doctor belongs to no stack.
    foreignOwner: "",
    passing: passingFacts,
    ...parts,
    ...(clock && { clockAheadSeconds: aheadAtLeast(clock.epochSeconds, began / 1000, passing.ended / 1000) }),
  };
}

/** The space of the folders that the pipeline writes to, once the size of the model is known from whichever host has it. */
export async function surveySpace(
  hosts: Hosts,
  cluster: Cluster,
  all: readonly SurveyedHost[],
): Promise<SurveyedHost[]> {
  const wanted = spaceWanted(cluster, all);
  return await Promise.all(
    all.map(async host => {
      const folders = [...new Set(wanted.filter(({ node }) => node === host.node).map(({ folder }) => folder))];
      if (folders.length === 0) return host;
      const topics = { space: folderSpace(folders) };
      const answers = parseProbe(await ask(hosts.probe(host.node), topicsScript(topics)));
      return { ...host, folderSpace: factOf(topics.space, answers.space) };
    }),
  );
}

async function askParts(probe: Probe, cluster: Cluster, node: string) {
  const wanted = wantedOf(cluster);
  const isHost = cluster.runtime === "host";
  const topics = {
    ports: portHolders(
      cluster.name,
      wanted.ports(node).map(({ port }) => port),
    ),
    paths: existingPaths(wanted.paths(node).map(({ path }) => path)),
    gpuHolders: gpuHolders(cluster.name),
    container: nodeContainer(cluster.container.name),
    image: nodeImage(cluster.image.reference),
  };
  const mesh = { snippet: `[ -e ${quote(`${jobFolder(cluster.name, `mesh-${node}`)}/job.json`)} ]`, parse: () => true };
  const answers = parseProbe(await ask(probe, topicsScript({ ...topics, mesh })));
  const container: Fact<NodeContainer> = isHost ? { status: "absent" } : factOf(topics.container, answers.container);
  return {
    ports: factOf(topics.ports, answers.ports),
    paths: factOf(topics.paths, answers.paths),
    gpuHolders: factOf(topics.gpuHolders, answers.gpuHolders),
    container,
    image: factOf(topics.image, answers.image),
    folderSpace: { status: "absent" } as const,
    hasMesh: isHost ? answers.mesh?.exitCode === 0 : presentValue(container)?.inside !== undefined,
  };
}

function pythonPlace(cluster: Cluster): PythonPlace | undefined {
  if (cluster.runtime === "container") return { container: cluster.container.name };
  const folder = cluster.python.environment?.path;
  return folder === undefined ? undefined : { python: `${folder}/bin/python` };
}

async function ask(probe: Probe, script: string): Promise<string> {
  return (await probe.query(script, { timeoutSeconds: SECONDS })).stdout;
}

/** The host told its time at some moment between the two: only what lies outside is sure. */
function aheadAtLeast(told: number, began: number, ended: number): number {
  if (told > ended) return told - ended;
  return told < began ? told - began : 0;
}
