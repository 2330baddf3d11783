import { DiagnosedError } from "./diagnosed-error";
import type { Goal } from "./planner/goal";
import type { ResourceState } from "./resource";

/**
 * Who of the program is who of the state: each resource is claimed under its name, or else under one that it had before
 * (pulumi/pulumi pkg/resource/deploy/step_generator.go getOldResource, 3.260).
 */
export class Claims {
  private readonly olds: ReadonlyMap<string, ResourceState>;
  private readonly claimed = new Set<ResourceState>();
  private readonly seen = new Set<string>();
  private readonly renamed = new Map<string, string>();
  private readonly faults = new Map<string, readonly string[]>();

  constructor(
    private readonly resources: readonly ResourceState[],
    private readonly rename: (from: string, to: string) => void,
  ) {
    this.olds = new Map(resources.filter(state => !state.delete).map(state => [state.urn, state]));
  }

  has(state: ResourceState): boolean {
    return this.claimed.has(state);
  }

  /** What nobody claimed: to be deleted. */
  unclaimed(): ResourceState[] {
    return this.resources.filter(state => !this.claimed.has(state));
  }

  oldOf(urn: string): ResourceState | undefined {
    return this.olds.get(urn);
  }

  /** True for what the program or the state has. */
  knows(urn: string): boolean {
    return this.seen.has(urn) || this.resources.some(state => state.urn === urn);
  }

  /** True if what had the one name in the state has the other now. */
  isRenamed(from: string, to: string): boolean {
    return this.renamed.get(from) === to;
  }

  /** @throws DiagnosedError if the name was registered before */
  claim({ urn, aliases }: Pick<Goal, "urn" | "aliases">): ResourceState | undefined {
    if (this.seen.has(urn)) {
      throw new DiagnosedError(urn, [`Duplicate resource URN '${urn}'; try giving it a unique name`]);
    }
    const found = [urn, ...aliases].find(name => this.olds.has(name));
    const faults = this.faultsOf(urn, found);
    this.seen.add(urn);
    if (faults.length > 0) this.faults.set(urn, faults);
    const old = found === undefined ? undefined : this.olds.get(found);
    if (found === undefined || old === undefined || faults.length > 0) return old;
    if (found !== urn) this.renamed.set(found, urn);
    this.claimed.add(old);
    this.rename(found, urn);
    return old;
  }

  private faultsOf(urn: string, found: string | undefined): string[] {
    const namesake = this.renamed.get(urn);
    const others = found === undefined || found === urn ? [] : [this.seen.has(found) && urn, this.renamed.get(found)];
    return [
      namesake && `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${namesake}'`,
      ...others.map(
        other =>
          other &&
          `Duplicate resource alias '${found}' applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`,
      ),
    ].filter(fault => typeof fault === "string");
  }

  /** To be called once the inputs were checked, as stock tells of it only then. @throws DiagnosedError if names are in conflict */
  refuseConflict(urn: string): void {
    const faults = this.faults.get(urn);
    if (faults !== undefined) throw new DiagnosedError(urn, faults);
  }
}
