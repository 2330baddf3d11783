import type { ResourceState, Snapshot } from "../../../engine/resource";
import { isProviderType, nameOf } from "../../../engine/urn";
import { equalValues, revealSecrets } from "../../../wire/values";
import { keyOf, type World } from "./world";

/**
 * What is wrong with a state by stock's own rules (pulumi/pulumi pkg/resource/deploy/snapshot.go VerifyIntegrity, 3.260): all that a
 * resource refers to stands before it, and no URN lives twice.
 */
export function faultsOfState({ resources }: Snapshot): string[] {
  const faults: string[] = [];
  const before = new Set<string>();
  const live = new Set<string>();
  for (const state of resources) {
    for (const [what, reference] of referencesOf(state)) {
      if (!before.has(reference)) faults.push(`${what} ${reference} of ${state.urn} does not stand before it`);
    }
    if (isThing(state) && state.provider === undefined) faults.push(`${state.urn} has no provider`);
    if (state.custom && !state.id) faults.push(`${state.urn} has no id`);
    if (!state.delete && live.has(state.urn)) faults.push(`${state.urn} lives twice`);
    if (!state.delete) live.add(state.urn);
    before.add(state.urn);
    if (isProviderType(state.type)) before.add(`${state.urn}::${state.id}`);
  }
  return faults;
}

function referencesOf(state: ResourceState): [string, string][] {
  const one = (what: string, reference: string | undefined): [string, string][] =>
    reference === undefined ? [] : [[what, reference]];
  return [
    ...one("parent", state.parent),
    ...one("deletedWith", state.deletedWith),
    ...one("provider", state.provider),
    ...state.dependencies.flatMap(urn => one("dependency", urn)),
    ...Object.entries(state.propertyDependencies).flatMap(([key, urns]) =>
      urns.flatMap(urn => one(`dependency of property ${key}`, urn)),
    ),
  ];
}

/** What a state, as it lies on the disk, does not tell of the world: what a kill at this moment would lose. */
export function untold({ resources, pendingOperations }: Snapshot, world: World): string[] {
  const pending = new Set(pendingOperations.map(({ type, resource }) => `${type} ${resource.urn}`));
  // By key: what is being renamed has its new URN there already.
  const updating = new Set(
    pendingOperations.filter(({ type }) => type === "updating").map(({ resource }) => keyOf(nameOf(resource.urn))),
  );
  const byId = new Map(resources.filter(isThing).map(state => [state.id ?? "", state]));
  const lost = [...world.things].flatMap(([id, thing]) =>
    byId.has(id) || thing.free || pending.has(`creating ${thing.urn}`) ? [] : [`${id} (${thing.urn}) is lost`],
  );
  const wrong = [...byId].flatMap(([id, state]) => {
    if (state.external || state.pendingReplacement || world.drifted.has(id)) return [];
    const thing = world.things.get(id);
    if (thing === undefined) {
      return pending.has(`deleting ${state.urn}`) ? [] : [`${id} (${state.urn}) is in the state, but not in the world`];
    }
    const [told, real] = [revealSecrets(state.outputs), revealSecrets(thing.properties)];
    if (equalValues(told, real) || updating.has(keyOf(nameOf(state.urn)))) return [];
    return [`${id}: the state has ${JSON.stringify(told)}, the world ${JSON.stringify(real)}`];
  });
  return [...lost, ...wrong];
}

export function isThing(state: ResourceState): boolean {
  return state.custom && !isProviderType(state.type);
}
