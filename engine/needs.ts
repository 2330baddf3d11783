import { type ResourceState, requirementsOf } from "./resource";

/** Who needs whom in a run that leaves something as it is: the state has no place for circles. */
export class Needs {
  private readonly before: ReadonlyMap<string, ResourceState>;
  private readonly now = new Map<string, ReadonlySet<string>>();
  private readonly kept = new Set<string>();

  /** @param resources the state before the run */
  constructor(resources: readonly ResourceState[]) {
    this.before = new Map(resources.map(state => [state.urn, state]));
  }

  /** Notes that what the program calls `urn` stays as it is, and needs what it did. */
  keep(urn: string, old: ResourceState): void {
    this.kept.add(urn);
    this.now.set(urn, requirementsOf(old));
  }

  /**
   * Notes what a resource is to need.
   * @returns what stays as it is, is needed by it, and needs it; undefined if nothing does
   */
  circle(next: ResourceState, old: ResourceState | undefined): string | undefined {
    const needed = new Set(requirementsOf(next));
    // Grows while it is walked.
    for (const urn of needed) for (const other of this.needsOf(urn)) needed.add(other);
    const names = [next.urn, old?.urn ?? next.urn];
    for (const name of names) this.now.set(name, requirementsOf(next));
    return names.some(name => needed.has(name)) ? [...needed].find(urn => this.kept.has(urn)) : undefined;
  }

  private needsOf(urn: string): ReadonlySet<string> {
    const before = this.before.get(urn);
    return this.now.get(urn) ?? (before === undefined ? new Set() : requirementsOf(before));
  }
}
