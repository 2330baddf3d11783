import { DiagnosedError } from "./diagnosed-error";
import type { Goal } from "./planner/goal";
import type { ResourceState } from "./resource";

/** Which resource of the state each registration of a run goes on with (pulumi/pulumi step_generator.go getOldResource, 3.260). */
export class Claims {
  private readonly olds: ReadonlyMap<string, ResourceState>;
  private readonly claimed = new Set<ResourceState>();
  private readonly seen = new Set<string>();
  /** New names by old ones, of what was found under an alias. */
  private readonly renamed = new Map<string, string>();

  constructor(
    private readonly resources: readonly ResourceState[],
    private readonly rename: (from: string, to: string) => void,
  ) {
    this.olds = new Map(resources.filter(state => !state.delete).map(state => [state.urn, state]));
  }

  /**
   * What is there under the name of a resource, or under the first of its aliases that anything has.
   * @returns also what is wrong with these names
   * @throws DiagnosedError for a name that was registered before
   */
  take({ urn, aliases }: Pick<Goal, "urn" | "aliases">): { old?: ResourceState; problems: string[] } {
    if (this.seen.has(urn)) {
      throw new DiagnosedError(urn, [`Duplicate resource URN '${urn}'; try giving it a unique name`]);
    }
    this.seen.add(urn);
    const problems: string[] = [];
    const taken = this.renamed.get(urn);
    if (taken) problems.push(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${taken}'`);
    const name = [urn, ...aliases].find(each => this.olds.has(each));
    const old = name && this.olds.get(name);
    if (!old) return { problems };
    if (name !== urn) {
      for (const other of [this.seen.has(name) ? urn : undefined, this.renamed.get(name)]) {
        const conflict = `applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`;
        if (other !== undefined) problems.push(`Duplicate resource alias '${name}' ${conflict}`);
      }
      this.renamed.set(name, urn);
    }
    this.claimed.add(old);
    this.rename(name, urn);
    return { old, problems };
  }

  /** What nobody registered: to be deleted. */
  rest(): ResourceState[] {
    return this.resources.filter(state => !this.claimed.has(state));
  }

  has(state: ResourceState): boolean {
    return this.claimed.has(state);
  }

  oldOf(urn: string): ResourceState | undefined {
    return this.olds.get(urn);
  }

  newNameOf(urn: string): string | undefined {
    return this.renamed.get(urn);
  }

  /** True for what the program or the state has. */
  knows(urn: string): boolean {
    return this.seen.has(urn) || this.resources.some(state => state.urn === urn);
  }
}
