import { randomBytes } from "node:crypto";
import type { ValueMap } from "../../wire/values";
import type { OpType } from "../events";
import type { Goal } from "../planner/goal";
import type { Step } from "../planner/step";
import { type DeploymentPlan, type Deviation, NO_CHANGES, type PlanWatch, stepOf } from "./deployment-plan";
import { optionDeviations, propertyDeviations, standsFor } from "./deviations";

const SEED_BYTES = 32;
const DELETIONS: ReadonlySet<OpType> = new Set(["delete", "delete-replaced", "discard", "discard-replaced"]);

/** Holds a run against a plan. */
export class PlanGuard implements PlanWatch {
  /** Something was not as planned. */
  deviated = false;
  private readonly left: ReadonlyMap<string, OpType[]>;
  private readonly seen = new Set<string>();

  constructor(private readonly plan: DeploymentPlan) {
    this.left = new Map([...plan.resources].map(([urn, { steps }]) => [urn, [...steps]]));
  }

  seed(urn: string): Uint8Array {
    return this.plan.resources.get(urn)?.seed ?? randomBytes(SEED_BYTES);
  }

  steps(steps: readonly Step[], goal?: Goal): Deviation[] {
    const own = goal && stepOf(steps, goal.urn);
    const found = steps.filter(step => !step.skipped).flatMap(step => this.operation(step));
    if (goal === undefined || own === undefined) return this.noted(found);
    return this.noted([...found, ...this.goal(goal, own)]);
  }

  outputs(urn: string, olds: ValueMap, news: ValueMap): Deviation[] {
    const planned = this.plan.resources.get(urn)?.goal?.outputs ?? NO_CHANGES;
    return this.noted(deviations(urn, "its outputs differ from the plan", propertyDeviations(planned, olds, news)));
  }

  done(): void {}

  end(exists: (urn: string) => boolean): Deviation[] {
    const missing = [...this.left].filter(([urn, ops]) => {
      const carriedOut = ops.every(op => DELETIONS.has(op)) && !exists(urn);
      return !this.seen.has(urn) && !carriedOut && ops.some(op => op !== "same");
    });
    return this.noted(
      missing.map(([urn, ops]) => ({
        urn,
        message: `the plan has ${ops.join(", ")} for it, and this run has nothing to do with it`,
      })),
    );
  }

  private operation(step: Step): Deviation[] {
    this.seen.add(step.urn);
    const planned = this.plan.resources.get(step.urn);
    const left = this.left.get(step.urn) ?? [];
    const at = left.indexOf(step.op);
    if (at >= 0) {
      left.splice(at, 1);
      return [];
    }
    if (planned === undefined && step.op === "same") return [];
    if (planned !== undefined && standsFor(step.op, planned.steps)) return [];
    const wanted = planned === undefined ? "does not have this resource" : `has ${planned.steps.join(", ")}`;
    return [{ urn: step.urn, message: `${step.op} is not in the plan, which ${wanted}` }];
  }

  private goal(goal: Goal, own: Step): Deviation[] {
    const planned = this.plan.resources.get(goal.urn)?.goal;
    const olds = own.old?.inputs ?? {};
    const news = own.next?.inputs ?? {};
    if (planned === undefined) {
      // What is to be made anew has been told of already.
      if (own.old === undefined) return [];
      return deviations(goal.urn, "it changes, and is not in the plan", propertyDeviations(NO_CHANGES, olds, news));
    }
    const found = [...propertyDeviations(planned.inputs, olds, news), ...optionDeviations(planned, goal)];
    return deviations(goal.urn, "it differs from the plan", found);
  }

  private noted(found: Deviation[]): Deviation[] {
    if (found.length > 0) this.deviated = true;
    return found;
  }
}

function deviations(urn: string, summary: string, found: readonly string[]): Deviation[] {
  return found.length === 0 ? [] : [{ urn, message: `${summary}:\n${found.map(line => `  ${line}`).join("\n")}` }];
}
