import { randomBytes } from "node:crypto";
import type { ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import type { Goal } from "../planner/goal";
import type { Step } from "../planner/step";
import {
  changesBetween,
  type DeploymentPlan,
  type Deviation,
  NO_CHANGES,
  type PlannedGoal,
  type PlanWatch,
  stepOf,
} from "./deployment-plan";

const SEED_BYTES = 32;

interface Recorded {
  goal?: PlannedGoal;
  readonly steps: OpType[];
  outputs?: ValueMap;
  seed?: Uint8Array;
}

/** Writes down what a preview finds. Objects to nothing. */
export class PlanRecorder implements PlanWatch {
  private readonly resources = new Map<string, Recorded>();
  private readonly seeds = new Map<string, Uint8Array>();

  constructor(private readonly config: Readonly<Record<string, unknown>>) {}

  seed(urn: string): Uint8Array {
    const known = this.seeds.get(urn);
    if (known !== undefined) return known;
    const seed = randomBytes(SEED_BYTES);
    this.seeds.set(urn, seed);
    return seed;
  }

  steps(steps: readonly Step[], goal?: Goal): Deviation[] {
    for (const step of steps) if (!step.skipped) this.of(step.urn).steps.push(step.op);
    const own = goal && stepOf(steps, goal.urn);
    if (goal === undefined || own?.next === undefined) return [];
    const recorded = this.of(goal.urn);
    const { inputs: _inputs, ...options } = goal;
    recorded.goal = { options, inputs: changesBetween(own.old?.inputs ?? {}, own.next.inputs), outputs: NO_CHANGES };
    recorded.seed = this.seeds.get(goal.urn);
    return [];
  }

  outputs(urn: string, olds: ValueMap, news: ValueMap): Deviation[] {
    const recorded = this.of(urn);
    if (recorded.goal !== undefined) recorded.goal = { ...recorded.goal, outputs: changesBetween(olds, news) };
    recorded.outputs = news;
    return [];
  }

  done(urn: string, outputs: ValueMap): void {
    const recorded = this.resources.get(urn);
    if (recorded !== undefined) recorded.outputs = outputs;
  }

  end(): Deviation[] {
    return [];
  }

  plan(): DeploymentPlan {
    return { config: this.config, resources: this.resources };
  }

  private of(urn: string): Recorded {
    const known = this.resources.get(urn);
    if (known !== undefined) return known;
    const recorded: Recorded = { steps: [] };
    this.resources.set(urn, recorded);
    return recorded;
  }
}
