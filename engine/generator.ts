import { randomBytes } from "node:crypto";
import { containsUnknown, UNKNOWN_SENTINEL, type Value, type ValueMap } from "../wire/values";
import { DiagnosedError, messageOf } from "./diagnosed-error";
import { type Decision, decide, withUnknownDependencies } from "./planner/decide";
import { dependentsOf } from "./planner/delete-order";
import { applyReplaceOnChanges, type Diff, NO_DIFF, settleUnknown } from "./planner/diff";
import type { Goal } from "./planner/goal";
import { keepOldValues } from "./planner/property-path";
import {
  createStep,
  deleteReplacedStep,
  importStep,
  plannedState,
  readStep,
  replaceSteps,
  type Step,
  sameStep,
  skippedCreateStep,
  updateStep,
} from "./planner/step";
import type { CheckFailure } from "./provider/client";
import type { ProviderRegistry } from "./provider/registry";
import type { ResourceState } from "./resource";
import { Targets } from "./targets";
import { isDefaultProvider, isProviderType, parseProviderReference } from "./urn";

const SEED_BYTES = 32;

export interface GeneratorOptions {
  readonly preview: boolean;
  /** Undefined: all. */
  readonly targets: ReadonlySet<string> | undefined;
  readonly targetDependents: boolean;
  readonly replaces: ReadonlySet<string>;
  /** What providers derive names from; undefined: new for each question. */
  readonly seed?: (urn: string) => Uint8Array;
}

/**
 * Turns registrations into steps, one registration at a time: asks the providers, and leaves every decision to the pure
 * functions in planner/.
 */
export class StepGenerator {
  /** Current URNs of what this run has registered, by old URN. */
  readonly claimed = new Set<ResourceState>();
  readonly replaced = new Set<string>();
  private readonly seen = new Set<string>();
  /** Deleted ahead of a replacement of what they depend on; their own registration makes them anew. */
  private readonly deletedFirst = new Map<string, { old: ResourceState; keys: readonly string[] }>();
  private readonly olds: Map<string, ResourceState>;
  private readonly targets: Targets;

  constructor(
    private readonly oldResources: readonly ResourceState[],
    private readonly providers: ProviderRegistry,
    private readonly options: GeneratorOptions,
    /** Renames in the state, for aliases. */
    private readonly rename: (from: string, to: string) => void,
  ) {
    this.targets = new Targets(options.targets, options.targetDependents);
    this.olds = new Map(oldResources.filter(state => !state.delete).map(state => [state.urn, state]));
  }

  /** What nobody registered: to be deleted. */
  unclaimed(): ResourceState[] {
    return this.oldResources.filter(state => !this.claimed.has(state));
  }

  oldOf(urn: string): ResourceState | undefined {
    return this.olds.get(urn);
  }

  isTargeted(urn: string): boolean {
    return this.targets.has(urn);
  }

  /** Targets that are neither in the program nor in the state. */
  unknownTargets(): string[] {
    return this.targets.named.filter(urn => !this.seen.has(urn) && !this.olds.has(urn));
  }

  private claim(goal: Pick<Goal, "urn" | "aliases">): ResourceState | undefined {
    if (this.seen.has(goal.urn)) {
      throw new DiagnosedError(goal.urn, [`Duplicate resource URN '${goal.urn}'; try giving it a unique name`]);
    }
    this.seen.add(goal.urn);
    for (const urn of [goal.urn, ...goal.aliases]) {
      const old = this.olds.get(urn);
      if (old === undefined || this.claimed.has(old)) continue;
      this.claimed.add(old);
      this.rename(urn, goal.urn);
      return old;
    }
    return undefined;
  }

  /** Steps of one registration, to be run one after the other. */
  async generate(goal: Goal): Promise<Step[]> {
    const old = this.claim(goal);
    if (!this.targets.take(goal)) return [this.untargeted(goal, old)];
    const fresh = old === undefined || old.external === true || old.pendingReplacement === true;
    const dependent = this.deletedFirst.get(old?.urn ?? goal.urn);
    if (dependent !== undefined && old !== undefined) return this.recreate(goal, old, dependent.keys);

    const wanted = keepOldValues(goal.inputs, fresh ? goal.inputs : old.inputs, fresh ? [] : goal.ignoreChanges);
    const inputs = await this.check(goal, fresh ? {} : old.inputs, wanted);
    this.targets.refuseWhatNeedsMore(goal);
    const next = plannedState(goal, inputs, fresh ? undefined : old);
    if (this.wantsImport(goal, old)) return [importStep(next, old)];
    if (old === undefined) return [createStep(next)];
    if (fresh) {
      if (old.external) return replaceSteps(old, next, { keys: [], diffs: [], detailedDiff: {} }, false);
      return this.recreate(goal, old, []);
    }
    return this.change(goal, old, next, wanted);
  }

  /** Steps of a `get`. */
  generateRead(goal: Goal, id: string): Step[] {
    const old = this.claim(goal);
    const known = id === UNKNOWN_SENTINEL ? undefined : id;
    const next: ResourceState = { ...plannedState(goal, {}, undefined), id: known, external: true, created: undefined };
    if (old !== undefined && !old.external) {
      this.replaced.add(goal.urn);
      const [replace] = replaceSteps(old, next, { keys: [], diffs: [], detailedDiff: {} }, true);
      return [{ ...readStep(next, old, true), deleteOldLater: true }, ...(replace ? [replace] : [])];
    }
    return [readStep(next, old, false)];
  }

  private untargeted(goal: Goal, old: ResourceState | undefined): Step {
    if (old === undefined) this.targets.skip(goal.urn);
    return old === undefined
      ? skippedCreateStep(plannedState(goal, goal.inputs, undefined))
      : sameStep(old, { ...old, urn: goal.urn });
  }

  private wantsImport(goal: Goal, old: ResourceState | undefined): boolean {
    if (goal.importId === undefined || !goal.custom) return false;
    return old === undefined || (old.importID !== goal.importId && old.id !== goal.importId);
  }

  /** Check, for what has a provider to ask. @throws DiagnosedError with every failure */
  private async check(goal: Goal, olds: ValueMap, news: ValueMap): Promise<ValueMap> {
    if (!goal.custom) return news;
    if (isProviderType(goal.type)) {
      const { inputs, failures } = await this.diagnosed(goal, this.providers.check(goal.urn, olds, news));
      this.refuse(goal, news, failures);
      return inputs;
    }
    const provider = await this.diagnosed(goal, this.providers.instance(goal.provider ?? ""));
    if (!provider.configured) return news;
    const { inputs, failures } = await this.diagnosed(
      goal,
      provider.client.check(goal.urn, olds, news, this.options.seed?.(goal.urn) ?? randomBytes(SEED_BYTES)),
    );
    this.refuse(goal, news, failures);
    return inputs;
  }

  private refuse(goal: Goal, news: ValueMap, failures: readonly CheckFailure[]): void {
    if (failures.length === 0) return;
    throw new DiagnosedError(
      goal.urn,
      failures.map(({ property, reason }) => {
        if (property === "") return `${goal.type} resource '${goal.name}' has a problem: ${reason}`;
        const value = news[property];
        const shown = value === undefined || value === null ? "" : ` value {${describe(value)}}`;
        return `${goal.type} resource '${goal.name}': property ${property}${shown} has a problem: ${reason}`;
      }),
    );
  }

  private async diagnosed<T>(goal: Goal, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw new DiagnosedError(goal.urn, [messageOf(error)]);
    }
  }

  private async change(goal: Goal, old: ResourceState, next: ResourceState, wanted: ValueMap): Promise<Step[]> {
    if (!goal.custom) return [sameStep(old, next)];
    const forced = this.options.replaces.has(goal.urn);
    const containerReplaced = goal.deletedWith !== undefined && this.replaced.has(goal.deletedWith);
    const providerReplaced = await this.diagnosed(goal, this.providerReplaced(goal, old));
    // Nothing is asked about what is replaced anyway.
    const settled = forced || containerReplaced || providerReplaced;
    const diff = settled ? NO_DIFF : await this.diagnosed(goal, this.diff(goal, old, next.inputs));
    const { deleteBeforeReplace } = goal;
    const decision = decide({ old, diff, deleteBeforeReplace, forced, providerReplaced, containerReplaced });
    if (decision.kind === "same") return [sameStep(old, next)];
    if (decision.kind === "update") return [updateStep(old, next, decision.diff)];
    return this.replace(goal, old, wanted, decision);
  }

  private async diff(goal: Goal, old: ResourceState, inputs: ValueMap): Promise<Diff> {
    if (isProviderType(goal.type)) {
      return settleUnknown(await this.providers.diff(goal.urn, old, inputs), old.inputs, inputs);
    }
    const provider = await this.providers.instance(goal.provider ?? "");
    const answer = !provider.configured
      ? { ...NO_DIFF, changes: "unknown" as const }
      : await provider.client.diff({
          urn: goal.urn,
          id: old.id ?? "",
          oldInputs: old.inputs,
          oldOutputs: old.outputs,
          news: inputs,
          ignoreChanges: goal.ignoreChanges,
        });
    return applyReplaceOnChanges(settleUnknown(answer, old.inputs, inputs), goal.replaceOnChanges);
  }

  private async providerReplaced(goal: Goal, old: ResourceState): Promise<boolean> {
    if (goal.provider === undefined || old.provider === undefined) return false;
    const now = parseProviderReference(goal.provider);
    const was = parseProviderReference(old.provider);
    if (now.urn === was.urn || (isDefaultProvider(now.urn) && isDefaultProvider(was.urn))) return false;
    const oldProvider = this.oldResources.find(state => state.urn === was.urn && state.id === was.id);
    if (oldProvider === undefined) return false;
    const diff = await this.providers.compare(goal.provider, oldProvider, this.providerConfigs.get(now.urn) ?? {});
    return diff.replaceKeys.length > 0;
  }

  /** The inputs of providers that were registered in this run. */
  readonly providerConfigs = new Map<string, ValueMap>();

  private async replace(
    goal: Goal,
    old: ResourceState,
    wanted: ValueMap,
    decision: Extract<Decision, { kind: "replace" }>,
  ): Promise<Step[]> {
    if (old.protect === true) {
      throw new DiagnosedError(goal.urn, [
        `unable to replace resource "${goal.urn}"\n` +
          "as it is currently marked for protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
      ]);
    }
    this.replaced.add(goal.urn);
    // Anew, so that names chosen by the provider do not collide with the old object's.
    const inputs = await this.check(goal, {}, wanted);
    const next = plannedState(goal, inputs, undefined);
    const reason = { keys: decision.keys, diffs: decision.diff.diffKeys, detailedDiff: decision.diff.detailed };
    if (!decision.deleteFirst) return replaceSteps(old, next, reason, true);
    const before = await this.deleteDependents(old);
    const goingToo = new Set([old.urn, ...before.map(step => step.urn)]);
    return [
      ...before,
      deleteReplacedStep(
        old,
        { goingToo: new Set([...goingToo].filter(urn => urn !== old.urn)) },
        { keepAsPending: true, ...reason },
      ),
      ...replaceSteps(old, next, reason, false),
    ];
  }

  /** What must be replaced because `root` is deleted before its replacement is there: deleted first, the last one first. */
  private async deleteDependents(root: ResourceState): Promise<Step[]> {
    const gone = new Set([root.urn]);
    const steps: Step[] = [];
    for (const dependent of dependentsOf(gone, this.oldResources)) {
      const inputs = withUnknownDependencies(dependent, gone);
      if (inputs === undefined || !dependent.custom || this.deletedFirst.has(dependent.urn)) continue;
      const provider = await this.providers.instance(dependent.provider ?? "");
      const diff = await provider.client.diff({
        urn: dependent.urn,
        id: dependent.id ?? "",
        oldInputs: dependent.inputs,
        oldOutputs: dependent.outputs,
        news: inputs,
        ignoreChanges: [],
      });
      if (diff.replaceKeys.length === 0) continue;
      gone.add(dependent.urn);
      this.replaced.add(dependent.urn);
      this.deletedFirst.set(dependent.urn, { old: dependent, keys: diff.replaceKeys });
      steps.unshift(
        deleteReplacedStep(dependent, { goingToo: new Set() }, { keepAsPending: true, keys: diff.replaceKeys }),
      );
    }
    return steps;
  }

  /** The old object is gone already. */
  private async recreate(goal: Goal, old: ResourceState, keys: readonly string[]): Promise<Step[]> {
    const inputs = await this.check(goal, {}, goal.inputs);
    this.replaced.add(goal.urn);
    return replaceSteps(old, plannedState(goal, inputs, undefined), { keys, diffs: [], detailedDiff: {} }, false);
  }
}

/** A value in a message; anything that may be secret or unknown is not shown. */
function describe(value: Value): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  return containsUnknown(value) ? "output<unknown>" : "...";
}
