import { type Clock, clock } from "./clock";
import { type FreeDisk, freeDisks } from "./disks";
import { type Fact, factOf } from "./fact";
import { type GpuUse, gpuUse } from "./gpus";
import { listeningPorts } from "./listening-ports";
import { type AvailableMemory, availableMemory } from "./memory";
import { parseProbe, probeScript } from "./probe";

/** What is true of a host for a moment. For checks (`doctor`), never for outputs: each run would differ. */
export interface PassingFacts {
  readonly gpuUse: Fact<readonly GpuUse[]>;
  readonly memory: Fact<AvailableMemory>;
  readonly disks: Fact<readonly FreeDisk[]>;
  readonly listeningPorts: Fact<readonly number[]>;
  readonly clock: Fact<Clock>;
}

const topics = { gpuUse, memory: availableMemory, disks: freeDisks, listeningPorts, clock };

export function passingFactsScript(): string {
  return probeScript(Object.fromEntries(Object.entries(topics).map(([name, topic]) => [name, topic.snippet])));
}

export function parsePassingFacts(output: string): PassingFacts {
  const answers = parseProbe(output);
  return {
    gpuUse: factOf(topics.gpuUse, answers.gpuUse),
    memory: factOf(topics.memory, answers.memory),
    disks: factOf(topics.disks, answers.disks),
    listeningPorts: factOf(topics.listeningPorts, answers.listeningPorts),
    clock: factOf(topics.clock, answers.clock),
  };
}
