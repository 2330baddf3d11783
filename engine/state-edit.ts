import { dependentsOf } from "./planner/delete-order";
import type { ResourceState, Snapshot } from "./resource";
import { openStack, type StackPlace, snapshotOf } from "./stack-files";
import { checkpointText, writeCheckpoint } from "./state/backend";
import { encryptedForm, schemaOf, serializeSnapshot } from "./state/deployment";
import { takeLock } from "./state/lock";

/**
 * Changes a stack's state by hand, under its lock; nothing on any host is touched.
 * @returns what `change` returned
 * @throws LockedError, NoSuchStackError, and what `change` throws: then nothing is written
 */
export async function editState<T>(
  place: StackPlace,
  change: (resources: readonly ResourceState[]) => { resources: readonly ResourceState[]; result: T },
): Promise<T> {
  const { backend } = await openStack(place);
  const unlock = takeLock(backend, place.stack);
  try {
    const open = await openStack(place);
    const snapshot: Snapshot = await snapshotOf(open, place.passphrase);
    const { resources, result } = change(snapshot.resources);
    const form = encryptedForm(open.cipher, open.known);
    const deployment = serializeSnapshot({ ...snapshot, resources }, open.cipher.salt, form, new Date());
    const text = checkpointText(backend, place.stack, JSON.stringify(deployment), schemaOf(resources));
    writeCheckpoint(backend, place.stack, text);
    return result;
  } finally {
    unlock();
  }
}

/** Takes `protect` off. @param urns undefined: all @throws Error naming every URN that is not there */
export function unprotected(
  resources: readonly ResourceState[],
  urns: readonly string[] | undefined,
): { resources: ResourceState[]; result: number } {
  if (urns !== undefined) refuseUnknown(resources, urns);
  let count = 0;
  const changed = resources.map(state => {
    if (state.delete || (urns !== undefined && !urns.includes(state.urn))) return state;
    count += 1;
    return { ...state, protect: undefined };
  });
  return { resources: changed, result: count };
}

export interface Removal {
  /** Protected ones too. */
  readonly force: boolean;
  /** What depends on them too. */
  readonly dependents: boolean;
}

/** Forgets resources; the objects stay where they are. @throws Error naming what stands in the way */
export function withoutResources(
  resources: readonly ResourceState[],
  urns: readonly string[],
  removal: Removal,
): { resources: ResourceState[]; result: number } {
  refuseUnknown(resources, urns);
  const gone = new Set(urns);
  const dependents = dependentsOf(gone, resources);
  if (dependents.length > 0 && !removal.dependents) {
    throw new Error(
      `${urns.join(", ")} can't be safely deleted because the following resources depend on it:\n` +
        `${dependents.map(state => ` * ${state.urn}`).join("\n")}\n` +
        "Delete those first or use --target-dependents.",
    );
  }
  for (const { urn } of dependents) gone.add(urn);
  const kept = resources.filter(state => !gone.has(state.urn));
  const held = resources.filter(state => gone.has(state.urn) && state.protect === true);
  if (held.length > 0 && !removal.force) {
    throw new Error(
      `${held.map(state => state.urn).join(", ")} can't be safely deleted because it is protected; use --force for all that`,
    );
  }
  return { resources: kept, result: resources.length - kept.length };
}

function refuseUnknown(resources: readonly ResourceState[], urns: readonly string[]): void {
  const unknown = urns.filter(urn => !resources.some(state => state.urn === urn && !state.delete));
  if (unknown.length === 0) return;
  throw new Error(
    `${unknown.map(urn => `no such resource '${urn}' in the stack's state`).join("\n")}\n` +
      "`muster stack export` shows those that are there",
  );
}
