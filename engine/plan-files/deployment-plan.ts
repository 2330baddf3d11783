import { equalValues, type ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import type { Goal } from "../planner/goal";
import type { Step } from "../planner/step";

/** How properties differ from those in the state. */
export interface PropertyChanges {
  readonly adds: ValueMap;
  readonly updates: ValueMap;
  readonly deletes: readonly string[];
}

/** What a plan says of one resource. */
export interface ResourcePlan {
  /** What the program wanted of it; undefined: it is not in the program. */
  readonly goal?: PlannedGoal;
  readonly steps: readonly OpType[];
  /** Expected outputs, for the reader only. */
  readonly outputs?: ValueMap;
  /** 32 bytes that providers derive names from. */
  readonly seed?: Uint8Array;
}

/** A goal with the changes of its checked inputs, and of its outputs if the program gave any. */
export interface PlannedGoal {
  readonly options: Omit<Goal, "inputs">;
  readonly inputs: PropertyChanges;
  readonly outputs: PropertyChanges;
}

/** What a preview found, and what an `up` may do at most. */
export interface DeploymentPlan {
  /** As the stack's configuration file has it: secrets are `{secure: <ciphertext>}`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly resources: ReadonlyMap<string, ResourcePlan>;
}

/** Something that a run would do and its plan does not have. */
export interface Deviation {
  readonly urn: string | undefined;
  readonly message: string;
}

/** Is told of everything that a run is about to do, before it is done, and may object. */
export interface PlanWatch {
  /** What providers derive names from: the same in a plan and in the run that carries it out. */
  seed(urn: string): Uint8Array;
  /** Steps of one registration, or with no `goal` those that delete what is no longer registered. */
  steps(steps: readonly Step[], goal?: Goal): Deviation[];
  /** Outputs that the program gives a component or the stack. */
  outputs(urn: string, olds: ValueMap, news: ValueMap): Deviation[];
  /** What a resource came to. */
  done(urn: string, outputs: ValueMap): void;
  /** The run is over and went well; `exists` knows what is in the state. */
  end(exists: (urn: string) => boolean): Deviation[];
}

export const NO_CHANGES: PropertyChanges = { adds: {}, updates: {}, deletes: [] };

export function changesBetween(olds: ValueMap, news: ValueMap): PropertyChanges {
  const adds: Record<string, ValueMap[string]> = {};
  const updates: Record<string, ValueMap[string]> = {};
  for (const [key, value] of Object.entries(news)) {
    const old = olds[key];
    if (old === undefined) adds[key] = value;
    else if (!equalValues(old, value)) updates[key] = value;
  }
  return { adds, updates, deletes: Object.keys(olds).filter(key => news[key] === undefined) };
}

/**
 * Of the steps of a registration the one that says what its resource will be. An import does not: what the program wants of it is
 * compared once it was read, by steps of their own.
 */
export function stepOf(steps: readonly Step[], urn: string): Step | undefined {
  if (steps.some(step => step.op === "import" || step.op === "import-replacement")) return undefined;
  return steps.find(step => step.urn === urn && step.next !== undefined && step.skipped !== true);
}
