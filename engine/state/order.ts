import { type ResourceState, requirementsOf } from "../resource";
import { isProviderType } from "../urn";

/** A state never changes, and each is asked for with every checkpoint. */
const requirements = new WeakMap<ResourceState, readonly string[]>();

function required(state: ResourceState): readonly string[] {
  let names = requirements.get(state);
  if (names === undefined) {
    names = [...requirementsOf({ ...state, provider: undefined }), ...(state.provider ? [state.provider] : [])];
    requirements.set(state, names);
  }
  return names;
}

/** What others refer to it by. Providers of one URN, one of them replaced, are told apart by their ids. */
function namesOf(state: ResourceState): string[] {
  return isProviderType(state.type) ? [state.urn, `${state.urn}::${state.id}`] : [state.urn];
}

/**
 * The same resources, what is needed before what needs it, as stock insists on; otherwise in the order given. A run that does not
 * reach everything (targets, failures) can leave a resource of this run in front of an older one that it still depends on.
 */
export function inOrder(resources: readonly ResourceState[]): readonly ResourceState[] {
  if (isInOrder(resources)) return resources;
  const byName = new Map<string, ResourceState[]>();
  for (const state of resources) {
    for (const name of namesOf(state)) byName.set(name, [...(byName.get(name) ?? []), state]);
  }
  const placed = new Set<ResourceState>();
  const begun = new Set<ResourceState>();
  const place = (state: ResourceState): void => {
    if (begun.has(state)) return;
    begun.add(state);
    for (const name of required(state)) {
      const named = byName.get(name) ?? [];
      // What is still to be deleted has a namesake in its place, if that is there.
      const live = named.filter(other => !other.delete);
      for (const other of live.length > 0 ? live : named) place(other);
    }
    placed.add(state);
  };
  for (const state of resources) place(state);
  return [...placed];
}

function isInOrder(resources: readonly ResourceState[]): boolean {
  const seen = new Set<string>();
  return resources.every(state => {
    if (!required(state).every(name => seen.has(name))) return false;
    for (const name of namesOf(state)) seen.add(name);
    return true;
  });
}
