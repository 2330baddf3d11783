import type { PendingOperation, ResourceState, Snapshot } from "../resource";
import { parseProviderReference, renamedChild } from "../urn";
import { inOrder } from "./order";

/** Where a journal puts its checkpoints. */
export interface CheckpointWriter {
  write(snapshot: Snapshot): Promise<void>;
}

/**
 * The state while an update runs. Resources that this run has finished come first, in the order in which they were finished;
 * what it has not reached follows as it was. `begin` and `end` return once a checkpoint that tells of them is on disk; calls
 * that come while one is being written share the next (group commit).
 */
export class Journal {
  private base: ResourceState[];
  private finished: ResourceState[] = [];
  private pending: PendingOperation[] = [];
  /** What earlier runs did not finish; stands behind this run's own, as with stock. */
  private unfinished: PendingOperation[];
  private readonly renamed = new Map<string, string>();
  /** Old names by new ones, of what is still there under the old one. */
  private readonly renaming = new Map<string, string>();
  /** Names in the state of what stays as it is, by those that the program uses. */
  private readonly kept = new Map<string, string>();
  private next: Promise<void> | undefined;
  private current: Promise<void> = Promise.resolve();
  private changed = false;

  constructor(
    start: Snapshot,
    /** Undefined in a preview: nothing is written. */
    private readonly writer: CheckpointWriter | undefined,
  ) {
    this.base = [...start.resources];
    this.unfinished = [...start.pendingOperations];
  }

  /** What is recorded, as it was recorded: under the names that it had then. Steps that take something away name one of these. */
  get entries(): readonly ResourceState[] {
    return [...this.finished, ...this.base];
  }

  /** The state as it is now. */
  snapshot(): Snapshot {
    const named = renamer(this.entries, this.renamed, this.kept);
    const pending = [...this.pending, ...this.unfinished];
    return {
      resources: inOrder(this.entries.map(named)),
      pendingOperations: pending.map(({ type, resource }) => ({ type, resource: named(resource) })),
    };
  }

  /** Resources that a run starts with, if it starts anew: after a refresh, before the program. */
  restart(): void {
    this.base = [...this.finished, ...this.base];
    this.finished = [];
  }

  /** Notes that an operation is about to start. */
  async begin(operation: PendingOperation): Promise<PendingOperation> {
    this.pending = [...this.pending, operation];
    await this.flush();
    return operation;
  }

  /** Notes how it ended: `old` is gone, `now` is there. Both may be absent. */
  async end(
    operation: PendingOperation | undefined,
    old: ResourceState | undefined,
    now: ResourceState | undefined,
  ): Promise<void> {
    this.record(old, now);
    if (operation === undefined) return;
    this.pending = this.pending.filter(other => other !== operation);
    await this.flush();
  }

  /** Notes that an operation failed and left things as they were. */
  endFailed(operation: PendingOperation | undefined): Promise<void> {
    return this.end(operation, undefined, undefined);
  }

  has(state: ResourceState): boolean {
    return this.base.includes(state) || this.finished.includes(state);
  }

  /** The same, without a write of its own. */
  record(old: ResourceState | undefined, now: ResourceState | undefined): void {
    if (old !== undefined) this.put(old, undefined);
    if (now !== undefined) this.finished.push(now);
    const from = now === undefined ? undefined : this.renaming.get(now.urn);
    if (from !== undefined && now !== undefined) this.renamed.set(from, now.urn);
    if (old !== undefined || now !== undefined) this.changed = true;
  }

  /** Replaces a resource where it stands. */
  replaceInPlace(old: ResourceState, now: ResourceState | undefined): void {
    this.put(old, now);
    this.changed = true;
  }

  private put(old: ResourceState, now: ResourceState | undefined): void {
    for (const list of [this.base, this.finished]) {
      const place = list.indexOf(old);
      if (place >= 0) list.splice(place, 1, ...(now === undefined ? [] : [now]));
    }
  }

  /** `from` is called `to`, also in what refers to it, from when it is recorded under that name. */
  rename(from: string, to: string): void {
    if (from !== to) this.renaming.set(to, from);
  }

  /** Who refers to `called` means `urn`, which stays in the state under this name. */
  keepName(urn: string, called: string): void {
    if (urn !== called) this.kept.set(called, urn);
  }

  newNameOf(urn: string): string {
    return this.renamed.get(urn) ?? urn;
  }

  /** Forgets operations that earlier runs did not finish. */
  dropPending(keep: (operation: PendingOperation) => boolean): void {
    const kept = this.unfinished.filter(keep);
    if (kept.length !== this.unfinished.length) this.changed = true;
    this.unfinished = kept;
  }

  /** Writes what was not written yet. */
  async close(): Promise<void> {
    await this.current;
    if (this.changed) await this.flush();
  }

  private flush(): Promise<void> {
    if (this.writer === undefined) return Promise.resolve();
    const writer = this.writer;
    this.changed = true;
    if (this.next === undefined) {
      const turn = this.current.then(() => {
        this.next = undefined;
        this.changed = false;
        return writer.write(this.snapshot());
      });
      // What was not written is tried once more when the run ends.
      turn.catch(() => {
        this.changed = true;
      });
      this.next = turn;
      this.current = turn.catch(() => {});
    }
    return this.next;
  }
}

/** What was renamed has its new name wherever it is named; a child that was not reached yet is called after its parent's new type. */
function renamer(
  resources: readonly ResourceState[],
  renamed: ReadonlyMap<string, string>,
  kept: ReadonlyMap<string, string>,
): (state: ResourceState) => ResourceState {
  if (renamed.size + kept.size === 0) return state => state;
  const names = new Map(renamed);
  const taken = new Set(resources.map(state => state.urn));
  for (const { urn, type, parent } of resources) {
    const now = parent && names.get(parent);
    const child = now && renamedChild(urn, type, now);
    // Where somebody has that name already, this one was not claimed, and goes under its old one.
    if (child && !taken.has(child)) names.set(urn, child);
  }
  const name = (urn: string): string => names.get(urn) ?? kept.get(urn) ?? urn;
  return state => {
    const provider = state.provider && parseProviderReference(state.provider);
    const properties = Object.entries(state.propertyDependencies);
    // As stock writes it: once a property's dependency is renamed, those that depend on nothing are left out.
    const touched = properties.some(([, urns]) => urns.some(urn => name(urn) !== urn));
    const named = properties.filter(([, urns]) => urns.length > 0).map(([key, urns]) => [key, urns.map(name)]);
    return {
      ...state,
      urn: name(state.urn),
      parent: state.parent && name(state.parent),
      dependencies: state.dependencies.map(name),
      propertyDependencies: touched ? Object.fromEntries(named) : state.propertyDependencies,
      deletedWith: state.deletedWith && name(state.deletedWith),
      replaceWith: state.replaceWith.map(name),
      provider: provider ? `${name(provider.urn)}::${provider.id}` : undefined,
    };
  };
}
