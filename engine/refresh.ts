import type { Executor } from "./executor/executor";
import { refreshStep } from "./planner/step";
import type { ResourceState } from "./resource";
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
  mendReferences(journal);
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
 * Nothing may refer to what a refresh found gone: a dependency falls away, a child has no parent, and of the properties
 * only those are kept that depend on something (pulumi/pulumi deployment_executor.go rebuildBaseState, 3.260).
 */
function mendReferences(journal: Journal): void {
  const { resources } = journal.snapshot();
  const there = new Set(resources.map(state => state.urn));
  for (const state of resources) {
    const stays = (urn: string): boolean => there.has(urn);
    const propertyDependencies = Object.fromEntries(
      Object.entries(state.propertyDependencies)
        .map(([key, urns]) => [key, urns.filter(stays)] as const)
        .filter(([, urns]) => urns.length > 0),
    );
    const mended = {
      ...state,
      parent: state.parent !== undefined && there.has(state.parent) ? state.parent : undefined,
      dependencies: state.dependencies.filter(stays),
      propertyDependencies,
      replaceWith: state.replaceWith.filter(stays),
      deletedWith: state.deletedWith !== undefined && there.has(state.deletedWith) ? state.deletedWith : undefined,
    };
    if (differs(state, mended)) journal.replaceInPlace(state, mended);
  }
}

function differs(state: ResourceState, mended: ResourceState): boolean {
  return (
    state.parent !== mended.parent ||
    state.deletedWith !== mended.deletedWith ||
    state.replaceWith.length !== mended.replaceWith.length ||
    state.dependencies.length !== mended.dependencies.length ||
    Object.keys(state.propertyDependencies).length !== Object.keys(mended.propertyDependencies).length ||
    Object.entries(mended.propertyDependencies).some(
      ([key, urns]) => urns.length !== state.propertyDependencies[key]?.length,
    )
  );
}
