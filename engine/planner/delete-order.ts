import { type ResourceState, requirementsOf } from "../resource";
import type { Step } from "./step";

/**
 * Deletes in waves: each is over before the next starts, and what depends goes before what it depends on, the latest first.
 * (pulumi/pulumi pkg/resource/deploy/step_generator.go ScheduleDeletes, 3.260).
 * @param steps in the order of the state; only what stands before a resource is meant by a name that it refers to
 */
export function deletionWaves(steps: readonly Step[]): Step[][] {
  const waves: Step[][] = [];
  const levels = new Map<string, number>();
  for (const step of steps) {
    const below = [...(step.old ? requirementsOf(step.old) : [])].map(urn => levels.get(urn) ?? -1);
    const level = Math.max(-1, ...below) + 1;
    levels.set(step.urn, Math.max(level, levels.get(step.urn) ?? 0));
    waves[level] = [step, ...(waves[level] ?? [])];
  }
  return waves.reverse();
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
