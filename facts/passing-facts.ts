import { type Clock, clock } from "./clock";
import { type FreeDisk, freeDisks } from "./disks";
import { type Fact, factOf } from "./fact";
import { type Firewall, firewall } from "./firewall";
import { type Folder, folders } from "./folders";
import { type GpuUse, gpuUse } from "./gpu-use";
import { listeningPorts } from "./listening-ports";
import { type AvailableMemory, availableMemory } from "./memory";
import { type Packages, type PythonPlace, packages } from "./packages";
import { parseProbe, topicsScript } from "./probe";

/** What is true of a host for a moment. For checks (`doctor`), never for outputs: each run would differ. */
export interface PassingFacts {
  readonly gpuUse: Fact<readonly GpuUse[]>;
  readonly memory: Fact<AvailableMemory>;
  readonly disks: Fact<readonly FreeDisk[]>;
  /** Of the paths that were asked for. */
  readonly folders: Fact<readonly Folder[]>;
  readonly listeningPorts: Fact<readonly number[]>;
  /** Docker and others change it while they work. */
  readonly firewall: Fact<Firewall>;
  readonly clock: Fact<Clock>;
  /** `up` installs them: absent before the first one. */
  readonly packages: Fact<Packages>;
}

/** What is asked of a host besides what every host is asked. */
export interface PassingAsked {
  /** Paths of the host whose disks are wanted. */
  readonly folders?: readonly string[];
  /** The Python that runs the jobs. */
  readonly python?: PythonPlace;
}

function topics(asked: PassingAsked) {
  return {
    gpuUse,
    memory: availableMemory,
    disks: freeDisks,
    folders: folders(asked.folders ?? []),
    listeningPorts,
    firewall,
    clock,
    packages: packages(asked.python),
  };
}

export function passingFactsScript(asked: PassingAsked = {}): string {
  return topicsScript(topics(asked));
}

/** Reads the answer to `passingFactsScript` with the same questions. */
export function parsePassingFacts(output: string, questions: PassingAsked = {}): PassingFacts {
  const answers = parseProbe(output);
  const asked = topics(questions);
  return {
    gpuUse: factOf(asked.gpuUse, answers.gpuUse),
    memory: factOf(asked.memory, answers.memory),
    disks: factOf(asked.disks, answers.disks),
    folders: factOf(asked.folders, answers.folders),
    listeningPorts: factOf(asked.listeningPorts, answers.listeningPorts),
    firewall: factOf(asked.firewall, answers.firewall),
    clock: factOf(asked.clock, answers.clock),
    packages: factOf(asked.packages, answers.packages),
  };
}
