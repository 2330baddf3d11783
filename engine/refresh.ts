import type { Executor } from "./executor/executor";
import { refreshStep } from "./planner/step";
import { type ResourceState, withoutEmpty } from "./resource";
import type { Journal } from "./state/journal";
import { hasResource, type Targets } from "./targets";

/** Reads every resource anew; what is gone leaves the state. Names that nothing has make the run fail. */
export async function refreshAll(journal: Journal, executor: Executor, targets: Targets): Promise<void> {
  const before = journal.snapshot().resources;
  if (before.length === 0) return;
  const isKnown = hasResource(before);
  if ([targets.targets, targets.excludes].some(named => executor.refuse(named.complaints(isKnown)))) return;
  // What only shares a provider is no dependent here, as with stock.
  const resources = before.filter(state => targets.includes({ ...state, provider: undefined }));
  const steps = besideSiblings(resources).map(refreshStep);
  await Promise.all(steps.map(step => executor.chain([step])));
  mendReferences(journal, before);
  journal.restart();
}

/**
 * Resources of one parent one after the other; in the state they lie as they were finished, those of many parents mixed. What is
 * alike is asked at about the same time then, so that a provider can ask it together: all files of a host in one command.
 */
function besideSiblings(resources: readonly ResourceState[]): ResourceState[] {
  const families = new Map<string | undefined, ResourceState[]>();
  for (const state of resources) {
    const family = families.get(state.parent);
    if (family === undefined) families.set(state.parent, [state]);
    else family.push(state);
  }
  return [...families.values()].flat();
}

/**
 * Nothing may refer to what a refresh found gone: a dependency falls away, children go to the parent's parent, and of the
 * properties only those are kept that depend on something (pulumi/pulumi deployment_executor.go rebuildBaseState, 3.260).
 */
function mendReferences(journal: Journal, before: readonly ResourceState[]): void {
  const { resources } = journal.snapshot();
  const there = new Set(resources.map(state => state.urn));
  const parents = new Map(before.map(state => [state.urn, state.parent]));
  const parentOf = (urn: string | undefined): string | undefined =>
    urn === undefined || there.has(urn) ? urn : parentOf(parents.get(urn));
  for (const state of resources) {
    const stays = (urn: string): boolean => there.has(urn);
    const mended = {
      ...state,
      parent: parentOf(state.parent),
      dependencies: state.dependencies.filter(stays),
      propertyDependencies: withoutEmpty(state.propertyDependencies, urn => (stays(urn) ? urn : undefined)),
      deletedWith: state.deletedWith !== undefined && there.has(state.deletedWith) ? state.deletedWith : undefined,
    };
    if (differs(state, mended)) journal.replaceInPlace(state, mended);
  }
}

function differs(state: ResourceState, mended: ResourceState): boolean {
  return (
    state.parent !== mended.parent ||
    state.deletedWith !== mended.deletedWith ||
    state.dependencies.length !== mended.dependencies.length ||
    Object.keys(state.propertyDependencies).length !== Object.keys(mended.propertyDependencies).length ||
    Object.entries(mended.propertyDependencies).some(
      ([key, urns]) => urns.length !== state.propertyDependencies[key]?.length,
    )
  );
}
