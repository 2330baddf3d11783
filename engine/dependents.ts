import type { ValueMap } from "../wire/values";
import { withUnknownDependencies } from "./planner/decide";
import { dependentsOf } from "./planner/delete-order";
import { applyReplaceOnChanges, type Diff, NO_DIFF, replaces, settleUnknown } from "./planner/diff";
import type { ProviderRegistry } from "./provider/registry";
import type { ResourceState } from "./resource";
import { requiredBy, type Targets, type UrnPatterns } from "./targets";
import { isProviderType, parseProviderReference } from "./urn";

/** A resource that can't stay when another goes. */
export interface Dragged {
  readonly state: ResourceState;
  /** The properties that say so. */
  readonly keys: readonly string[];
}

/**
 * What goes with a resource that is deleted before anything takes its place
 * (pulumi/pulumi pkg/resource/deploy/step_generator.go calculateDependentReplacements, 3.260).
 */
export class Dependents {
  constructor(
    private readonly resources: readonly ResourceState[],
    private readonly providers: ProviderRegistry,
    /** True for what this run has dealt with: it depends on the root no more. */
    private readonly settled: (state: ResourceState) => boolean = () => false,
  ) {}

  /** In the order of the state. Every dependent is asked whether it would be replaced if what it gets from the root were unknown. */
  async draggedBy(root: ResourceState): Promise<Dragged[]> {
    const gone = new Set([root.urn]);
    const dragged: Dragged[] = [];
    for (const state of dependentsOf(gone, this.resources)) {
      if (this.settled(state)) continue;
      // Also a component goes with what it is said to be deleted with.
      const goesAlong = state.deletedWith === root.urn;
      if (!goesAlong && (!state.custom || state.external)) continue;
      const keys = goesAlong ? [] : await this.replaceKeys(state, gone);
      if (keys === undefined) continue;
      gone.add(state.urn);
      dragged.push({ state, keys });
    }
    const asked = this.resources.filter(({ replaceWith }) => replaceWith.includes(root.urn));
    const others = asked.filter(state => !gone.has(state.urn) && !state.delete && !this.settled(state));
    return [...dragged, ...others.map(state => ({ state, keys: [] }))];
  }

  private async replaceKeys(state: ResourceState, gone: ReadonlySet<string>): Promise<readonly string[] | undefined> {
    if (state.provider !== undefined && gone.has(parseProviderReference(state.provider).urn)) return [];
    if (state.deletedWith !== undefined && gone.has(state.deletedWith)) return [];
    const news = withUnknownDependencies(state, gone);
    if (news === undefined) return undefined;
    const diff = settleUnknown(await this.answer(state, news), state.inputs, news);
    const settled = applyReplaceOnChanges(diff, state.replaceOnChanges);
    return replaces(settled) ? settled.replaceKeys : undefined;
  }

  private async answer(state: ResourceState, news: ValueMap): Promise<Diff> {
    const { urn, id = "", inputs: oldInputs, outputs: oldOutputs, ignoreChanges } = state;
    if (isProviderType(state.type)) return this.providers.diff(urn, state, news);
    const provider = await this.providers.instance(state.provider ?? "");
    if (!provider.configured) return NO_DIFF;
    return provider.client.diff({ urn, id, oldInputs, oldOutputs, news, ignoreChanges });
  }

  /** What may be deleted: the targets and what can't be without them; or all but the excluded and what those need. */
  async deletable(targets: Targets): Promise<(state: ResourceState) => boolean> {
    if (targets.targets.given) {
      const doomed = await this.doomedWith(targets.targets);
      return state => doomed.has(state.urn);
    }
    const kept = targets.excludes.given ? this.neededBy(targets) : new Set<string>();
    return state => !kept.has(state.urn);
  }

  private async doomedWith(patterns: UrnPatterns): Promise<Set<string>> {
    const roots = this.resources.filter(state => patterns.has(state.urn)).map(state => state.urn);
    const closure = new Set([...roots, ...dependentsOf(new Set(roots), this.resources).map(state => state.urn)]);
    const doomed = new Set(closure);
    for (const state of this.resources) {
      if (!closure.has(state.urn)) continue;
      for (const dragged of await this.draggedBy(state)) doomed.add(dragged.state.urn);
    }
    return doomed;
  }

  private neededBy(targets: Targets): Set<string> {
    const excluded = this.resources.filter(state => !targets.includes(state)).map(state => state.urn);
    return requiredBy(excluded, this.resources);
  }
}
