import { type ContainerToolkit, containerToolkit } from "./container-toolkit";
import { type Disk, disks } from "./disks";
import { type Docker, docker } from "./docker";
import { type Fact, factOf } from "./fact";
import { type Gpu, gpus } from "./gpus";
import { interfaces, type NetworkInterface } from "./interfaces";
import { type Kernel, kernel } from "./kernel";
import { type Limits, limits } from "./limits";
import { type Memory, memory } from "./memory";
import { type Model, model } from "./model";
import { type OperatingSystem, operatingSystem } from "./os";
import { parseProbe, topicsScript } from "./probe";
import { type Processors, processors } from "./processors";
import { type Rdma, rdma } from "./rdma";
import { type Route, routes } from "./routes";
import { type SharedMemory, sharedMemory } from "./shared-memory";
import { type TimeZone, timeZone } from "./time-zone";

/** Of `HostFacts` as JSON. It grows when a topic changes its shape; `currentFacts` reads the older ones. */
export const FORMAT_VERSION = 2;

/** What is true of a host until somebody changes it. Safe as outputs: a second run finds the same. */
export interface HostFacts extends Topics {
  readonly formatVersion: typeof FORMAT_VERSION;
}

export interface Topics {
  readonly os: Fact<OperatingSystem>;
  readonly kernel: Fact<Kernel>;
  readonly timeZone: Fact<TimeZone>;
  readonly processors: Fact<Processors>;
  readonly memory: Fact<Memory>;
  readonly gpus: Fact<readonly Gpu[]>;
  readonly docker: Fact<Docker>;
  readonly containerToolkit: Fact<ContainerToolkit>;
  readonly interfaces: Fact<readonly NetworkInterface[]>;
  /** The ways to all peers that there is one to. */
  readonly routes: Fact<readonly Route[]>;
  readonly rdma: Fact<Rdma>;
  readonly disks: Fact<readonly Disk[]>;
  readonly sharedMemory: Fact<SharedMemory>;
  readonly limits: Fact<Limits>;
  /** The weights that the cluster file trains; absent too when it names none. */
  readonly model: Fact<Model>;
}

/** What is asked of a host besides what every host is asked. */
export interface Asked {
  /** IP addresses of the other nodes. */
  readonly peers: readonly string[];
  /** Folder of the model's weights on the host. */
  readonly model?: string | undefined;
}

function topics({ peers, model: folder }: Asked) {
  return {
    os: operatingSystem,
    kernel,
    timeZone,
    processors,
    memory,
    gpus,
    docker,
    containerToolkit,
    interfaces,
    routes: routes(peers),
    rdma,
    disks,
    sharedMemory,
    limits,
    model: model(folder),
  };
}

/** Asks everything at once. */
export function hostFactsScript(asked: Asked): string {
  return topicsScript(topics(asked));
}

/** Of a host that could not be asked: every topic is unknown, for the same reason. */
export function unaskedFacts(reason: string, remedy?: string): HostFacts {
  const unknown = { status: "unknown", reason, ...(remedy !== undefined && { remedy }) } as const;
  return {
    formatVersion: FORMAT_VERSION,
    os: unknown,
    kernel: unknown,
    timeZone: unknown,
    processors: unknown,
    memory: unknown,
    gpus: unknown,
    docker: unknown,
    containerToolkit: unknown,
    interfaces: unknown,
    routes: unknown,
    rdma: unknown,
    disks: unknown,
    sharedMemory: unknown,
    limits: unknown,
    model: unknown,
  };
}

/** Reads the answer to `hostFactsScript` with the same questions. */
export function parseHostFacts(output: string, questions: Asked): HostFacts {
  const answers = parseProbe(output);
  const asked = topics(questions);
  return {
    formatVersion: FORMAT_VERSION,
    os: factOf(asked.os, answers.os),
    kernel: factOf(asked.kernel, answers.kernel),
    timeZone: factOf(asked.timeZone, answers.timeZone),
    processors: factOf(asked.processors, answers.processors),
    memory: factOf(asked.memory, answers.memory),
    gpus: factOf(asked.gpus, answers.gpus),
    docker: factOf(asked.docker, answers.docker),
    containerToolkit: factOf(asked.containerToolkit, answers.containerToolkit),
    interfaces: factOf(asked.interfaces, answers.interfaces),
    routes: factOf(asked.routes, answers.routes),
    rdma: factOf(asked.rdma, answers.rdma),
    disks: factOf(asked.disks, answers.disks),
    sharedMemory: factOf(asked.sharedMemory, answers.sharedMemory),
    limits: factOf(asked.limits, answers.limits),
    model: factOf(asked.model, answers.model),
  };
}
