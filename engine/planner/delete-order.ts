import { type ResourceState, requirementsOf } from "../resource";
import type { Step } from "./step";

/** A step with the steps that must be over before it starts. */
export interface OrderedStep {
  readonly step: Step;
  readonly after: readonly Step[];
}

/**
 * Deletes, what depends before what it depends on; the latest first. A replaced object is deleted before what its
 * replacement's namesake depends on, too.
 */
export function orderDeletes(steps: readonly Step[]): OrderedStep[] {
  const byUrn = new Map<string, Step[]>();
  for (const step of steps) byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  const dependents = new Map<Step, Step[]>(steps.map(step => [step, []]));
  for (const step of steps) {
    if (step.old === undefined) continue;
    for (const urn of requirementsOf(step.old)) {
      for (const required of byUrn.get(urn) ?? []) if (required !== step) dependents.get(required)?.push(step);
    }
  }
  return [...steps].reverse().map(step => ({ step, after: dependents.get(step) ?? [] }));
}

/** Those of `going` that must stay, as something of `all` that stays refers to them, directly or not. */
export function stillNeeded(going: readonly ResourceState[], all: readonly ResourceState[]): ResourceState[] {
  const leaving = new Set(going);
  for (let back = going; back.length > 0; ) {
    const staying = all.filter(state => !leaving.has(state));
    const there = new Set(staying.map(state => state.urn));
    const needed = new Set(staying.flatMap(state => [...requirementsOf(state), state.provider ?? ""]));
    // Another one of the same name will do, but for a provider: those are told apart by their ids.
    back = [...leaving].filter(state =>
      there.has(state.urn) ? needed.has(`${state.urn}::${state.id}`) : needed.has(state.urn),
    );
    for (const state of back) leaving.delete(state);
  }
  return going.filter(state => !leaving.has(state));
}

/** Every resource that depends on one of `roots`, directly or not, in the order of the state. */
export function dependentsOf(roots: ReadonlySet<string>, resources: readonly ResourceState[]): ResourceState[] {
  const reached = new Set(roots);
  return resources.filter(state => {
    if (state.delete || roots.has(state.urn)) return false;
    const depends = [...requirementsOf(state)].some(urn => reached.has(urn));
    if (depends) reached.add(state.urn);
    return depends;
  });
}
