import type { Disk } from "../facts/disks";
import { type Fact, presentValue } from "../facts/fact";
import { currentFacts } from "../facts/format";
import type { HostFacts } from "../facts/host-facts";
import type { Model } from "../facts/model";
import type { PortHolder } from "../facts/port-holders";
import type { NetworkFacts } from "./network";
import type { HostSight } from "./preflight/host-sight";

/** A host of the cluster file with what was found on it. */
export interface KnownHost {
  readonly node: string;
  /** Where the other nodes reach it; routes are told by it. */
  readonly address: string;
  readonly facts: HostFacts;
  /** How commands become root: root, passwordless, password, docker or none (no way), unasked (the host could not be asked), moved (nor by its new way). */
  readonly access: string;
  /** Another stack that manages it; empty if there is none. */
  readonly foreignOwner: string;
  /** Ports of the cluster that others hold there. */
  readonly ports?: Fact<readonly PortHolder[]>;
  /** Of the paths that must be there, those that are. */
  readonly paths?: Fact<readonly string[]>;
}

/** A host as it stands in a state, whichever version asked for its facts. */
export function knownHost(host: KnownHost): KnownHost {
  return { ...host, facts: currentFacts(host.facts) };
}

/** False for a host that could not be asked: all that is known of it is why. */
export function wasAsked(host: KnownHost): boolean {
  return host.access !== "unasked" && !hasMoved(host);
}

/** True for a host that answered once, and does not by the new login, address or key of the cluster file: a slip there looks like this. */
export function hasMoved(host: KnownHost): boolean {
  return host.access === "moved";
}

/** What the network plan needs, from the facts of all hosts. */
export function networkFactsOf(hosts: readonly KnownHost[]): NetworkFacts[] {
  const names = new Map(hosts.map(host => [host.address, host.node]));
  return hosts.map(({ node, facts }) => ({
    node,
    routes: orEmpty(facts.routes).map(route => ({ ...route, peers: route.peers.map(peer => names.get(peer) ?? peer) })),
    interfaces: orEmpty(facts.interfaces),
    rdma: facts.rdma,
  }));
}

/** What decides whether the cluster can be built, from the stable facts of all hosts. */
export function sightsOf(hosts: readonly KnownHost[]): HostSight[] {
  return hosts.map(({ node, facts, access, ports, paths }) => {
    const docker = presentValue(facts.docker);
    const memory = presentValue(facts.memory);
    const toolkit = presentValue(facts.containerToolkit);
    const shm = presentValue(facts.sharedMemory);
    const limits = presentValue(facts.limits);
    return {
      node,
      canBecomeRoot: access !== "none" && access !== "docker",
      isInDockerGroup: access === "docker",
      rdma: facts.rdma,
      ...(facts.gpus.status !== "unknown" && { gpus: orEmpty(facts.gpus) }),
      ...(facts.docker.status === "absent" && { docker: { hasGpuRuntime: false } }),
      ...(docker && {
        docker: {
          version: docker.version,
          hasGpuRuntime: docker.hasNvidiaRuntime || docker.cdiDevices.length > 0,
        },
      }),
      ...(memory && { memoryGib: Math.round(memory.totalMib / 1024) }),
      ...(toolkit && { toolkitVersion: toolkit.version }),
      ...(shm && { hostShmMib: shm.sizeMib }),
      ...(limits && { hostMemlockKib: limits.memlockKib }),
      ...(ports && { portHolders: ports }),
      ...(paths && { existingPaths: paths }),
    };
  });
}

/** What a host says of the model, and where its weights would lie. */
export interface ModelFacts {
  readonly node: string;
  /** Undefined: it is not there, or could not be read. */
  readonly model?: Model;
  readonly isAbsent: boolean;
  readonly disks: readonly Disk[];
  /** Undefined: it could not be read. */
  readonly memoryGib?: number;
}

export function modelFactsOf(hosts: readonly KnownHost[]): ModelFacts[] {
  return hosts.map(({ node, facts }) => {
    const model = presentValue(facts.model);
    const memory = presentValue(facts.memory);
    return {
      node,
      isAbsent: facts.model.status === "absent",
      disks: orEmpty(facts.disks),
      ...(model && { model }),
      ...(memory && { memoryGib: Math.round(memory.totalMib / 1024) }),
    };
  });
}

function orEmpty<T>(fact: Fact<readonly T[]>): readonly T[] {
  return presentValue(fact) ?? [];
}
