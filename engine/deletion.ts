import type { Dependents } from "./dependents";
import type { EventStream } from "./event-stream";
import type { Executor } from "./executor/executor";
import { deletionWaves, stillNeeded } from "./planner/delete-order";
import { deleteReplacedStep, deleteStep, type Step, untargetedStep } from "./planner/step";
import type { ProviderRegistry } from "./provider/registry";
import type { ResourceState } from "./resource";
import { requiredBy, type Scope, type Targets } from "./targets";

export interface DeletionParts {
  readonly targets: Targets;
  readonly targetDependents: boolean;
  readonly preview: boolean;
  readonly dependents: Dependents;
  readonly executor: Executor;
  readonly providers: ProviderRegistry;
  readonly events: EventStream;
  /** What this run has deleted so far; those of `olds` come to it. */
  readonly goingToo: Set<string>;
  /** True for what the program has registered. */
  isHandled?(urn: string): boolean;
  /** False: the run is held against a plan that does not have these steps. */
  allows?(steps: readonly Step[]): boolean;
}

/** Deletes those of `olds` that may be deleted, what depends before what it depends on; the others stay as they are. */
export async function deleteAll(olds: readonly ResourceState[], parts: DeletionParts): Promise<void> {
  const { targets, dependents, executor, providers, goingToo } = parts;
  const mayGo = targets.limited ? await dependents.deletable(targets) : () => true;
  const doomed = olds.filter(mayGo);
  for (const { urn, provider } of doomed) {
    goingToo.add(urn);
    // Also in a preview, and for what is not asked of it: a provider that can't be had is told before anything is deleted.
    if (provider !== undefined) await providers.instance(provider);
  }
  if (!accepted(doomed, parts)) return;
  const stay = olds.filter(state => !mayGo(state) && !(state.delete && parts.isHandled?.(state.urn)));
  for (const state of stay) await executor.chain([untargetedStep(state)]);
  const steps = doomed.map((state): Step => (state.delete ? deleteReplacedStep : deleteStep)(state, { goingToo }));
  if (parts.allows?.(steps) === false) return;
  const failed: string[] = [];
  for (const wave of deletionWaves(steps)) {
    const blocked = failed.length === 0 ? new Set() : requiredBy(failed, olds);
    const going = wave.filter(step => !blocked.has(step.urn));
    const results = await Promise.all(going.map(step => executor.chain([step])));
    const left = going.filter((_, at) => results[at] === undefined || results[at].error !== undefined);
    failed.push(...left.map(step => step.urn));
  }
}

/** What goes only because of a target has to be named too, or asked for. A preview shows it all the same. */
function accepted(doomed: readonly ResourceState[], parts: DeletionParts): boolean {
  const { targets, targetDependents, preview, events, executor } = parts;
  const unnamed =
    targetDependents || !targets.targets.given ? [] : doomed.filter(({ urn }) => !targets.targets.has(urn));
  for (const { urn } of unnamed) {
    events.error(
      `Resource '${urn}' will be destroyed but was not specified in --target list.\n` +
        "Either include resource in --target list or pass --target-dependents to proceed.",
      urn,
    );
  }
  if (unnamed.length === 0) return true;
  executor.refused = true;
  if (!preview) executor.fail();
  return preview;
}

/** Leaves out what is protected, and what that depends on (stock's --exclude-protected, 3.260). */
export function sparingProtected(scope: Scope, resources: readonly ResourceState[]): Scope {
  const held = resources.filter(state => state.protect);
  const others = resources.filter(state => !state.protect);
  const spared = [...held, ...stillNeeded(others, resources)].map(state => state.urn);
  return { ...scope, excludes: [...(scope.excludes ?? []), ...spared] };
}
