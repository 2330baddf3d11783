import { randomBytes } from "node:crypto";
import { equalValues, type ValueMap, withoutUnknowns } from "../wire/values";
import { Claims } from "./claims";
import { Dependents } from "./dependents";
import { DiagnosedError, messageOf } from "./diagnosed-error";
import { Needs } from "./needs";
import { type Decision, decide } from "./planner/decide";
import { applyReplaceOnChanges, changed, type Diff, NO_DIFF, settleUnknown, triggers } from "./planner/diff";
import { type Goal, SEED_BYTES } from "./planner/goal";
import { keepOldValues } from "./planner/ignore-changes";
import {
  createStep,
  deleteReplacedStep,
  importSteps,
  plannedState,
  readSteps,
  recreateSteps,
  replaceSteps,
  type Step,
  sameStep,
  skippedCreateStep,
  untargetedStep,
  updateStep,
} from "./planner/step";
import type { ProviderRegistry } from "./provider/registry";
import { failureText, importedText, missedText, protectedText, UNCONFIGURED } from "./refusals";
import type { ResourceState } from "./resource";
import type { Targets, UrnPatterns } from "./targets";
import { isProviderType, parseProviderReference } from "./urn";

export interface GeneratorParts {
  readonly preview: boolean;
  /** The state before this run. */
  readonly resources: readonly ResourceState[];
  readonly providers: ProviderRegistry;
  readonly targets: Targets;
  /** `--replace` */
  readonly replaces: UrnPatterns;
  /** What providers derive names from; undefined: new for each question. */
  readonly seed?: (urn: string) => Uint8Array;
  /** Renames in the state, for aliases. */
  rename(from: string, to: string): void;
  /** The program calls `urn` by another name than the state, where it stays as it is. */
  keepName(urn: string, called: string): void;
  /** Tells of a problem that makes the run fail in the end and does not keep a preview from going on. */
  problem(message: string, urn: string): void;
  warn(message: string, urn: string): void;
  note(message: string, urn: string): void;
}

/** Steps of a registration. */
export interface Planned {
  readonly steps: readonly Step[];
  /** What follows once they are done: what is imported is compared with the program only then. */
  readonly follow?: (imported: ResourceState) => Promise<Step[]>;
}

/**
 * Turns registrations into steps, one registration at a time: asks the providers, and leaves every decision to the pure
 * functions in planner/. What it asks and in which order is stock's (pulumi/pulumi pkg/resource/deploy/step_generator.go, 3.260).
 */
export class StepGenerator {
  /** The inputs of providers that were registered in this run. */
  readonly providerConfigs = new Map<string, ValueMap>();
  readonly dependents: Dependents;
  /** What this run deletes: what was said to go with it needs no call of its own. */
  readonly deleted = new Set<string>();
  private readonly replaced = new Set<string>();
  /** Deleted ahead of a replacement of what they depend on; their own registration makes them anew. */
  private readonly deletedFirst = new Map<string, readonly string[]>();
  private readonly claims: Claims;
  /** Of a run that leaves something out. */
  private readonly needs: Needs | undefined;

  constructor(private readonly parts: GeneratorParts) {
    this.claims = new Claims(parts.resources, parts.rename);
    if (parts.targets.limited) this.needs = new Needs(parts.resources);
    this.dependents = new Dependents(
      parts.resources,
      parts.providers,
      state => this.claims.has(state) || this.deletedFirst.has(state.urn),
    );
  }

  /** What nobody registered: to be deleted. */
  unclaimed(): ResourceState[] {
    return this.claims.unclaimed();
  }

  oldOf(urn: string): ResourceState | undefined {
    return this.claims.oldOf(urn);
  }

  /** What to say of targets that are neither in the program nor in the state. */
  unknownTargets(): string[] {
    return this.parts.targets.targets.complaints(urn => this.claims.knows(urn));
  }

  /** Steps of one registration, to be run one after the other. */
  async generate(goal: Goal): Promise<Planned> {
    const old = this.claims.claim(goal);
    const taken = this.parts.targets.take(plannedState(goal, goal.inputs, old));
    if (wantsImport(goal, old)) {
      const replaced = this.deletedFirst.has(old?.urn ?? "") ? undefined : old;
      const steps = this.validated(goal, importSteps(plannedState(goal, goal.inputs, old), replaced));
      return { steps, follow: async imported => this.validated(goal, await this.compare(goal, imported, taken)) };
    }
    return { steps: this.validated(goal, await this.compare(goal, old, taken)) };
  }

  /** Steps of a `get`. */
  generateRead(goal: Goal, id: string): Planned {
    const old = this.claims.claim(goal);
    const next: ResourceState = { ...plannedState(goal, goal.inputs, undefined), id, external: true };
    if (this.parts.targets.missing(next) !== undefined && !this.parts.targets.take(next)) {
      this.parts.targets.skip(goal.urn);
      return { steps: [old === undefined ? skippedCreateStep(next) : this.keep(goal, old)] };
    }
    const replaces = old !== undefined && !old.external && old.id !== id;
    if (replaces) this.replaced.add(goal.urn);
    return { steps: this.validated(goal, readSteps(next, old, replaces)) };
  }

  private async compare(goal: Goal, old: ResourceState | undefined, taken: boolean): Promise<Step[]> {
    const keys = old && this.deletedFirst.get(old.urn);
    const anew = old === undefined || keys !== undefined || old.external === true || this.isForced(goal, old);
    const { inputs: kept, missed } = keepOldValues(goal.inputs, old?.inputs ?? {}, old ? goal.ignoreChanges : []);
    if (missed.length > 0) this.parts.note(missedText(missed), goal.urn);
    const wanted = anew ? goal.inputs : kept;
    const inputs = taken ? await this.check(goal, anew ? {} : old.inputs, wanted) : (old?.inputs ?? goal.inputs);
    this.claims.refuseConflict(goal.urn);
    if (old === undefined) {
      const next = plannedState(goal, inputs, undefined);
      if (taken) return [createStep(next)];
      this.parts.targets.skip(goal.urn);
      return [skippedCreateStep(next)];
    }
    if (keys !== undefined) {
      this.deletedFirst.delete(old.urn);
      this.deleted.delete(old.urn);
      this.replaced.add(goal.urn);
      return recreateSteps(old, plannedState(goal, inputs, undefined), keys);
    }
    if (!taken) return [this.keep(goal, old)];
    if (old.external === true) return replaceSteps(old, plannedState(goal, inputs, undefined), NO_DIFF, true);
    return this.change(goal, old, plannedState(goal, inputs, old), inputs);
  }

  /** What is not targeted stays as it is, under its old name: who refers to it has to, too. */
  private keep(goal: Goal, old: ResourceState): Step {
    this.needs?.keep(goal.urn, old);
    this.parts.keepName(old.urn, goal.urn);
    return untargetedStep(old);
  }

  private isForced(goal: Goal, old: ResourceState): boolean {
    return this.parts.replaces.has(goal.urn) || old.rest.taint === true;
  }

  /** Steps that need what only a wider target would make are refused; a preview shows them all the same. */
  private validated(goal: Goal, steps: Step[]): Step[] {
    const { targets } = this.parts;
    const why = targets.targets.given ? "was not specified in --target list" : "left out by --exclude";
    for (const { next, old, skipped } of steps) {
      if (next === undefined || skipped) continue;
      const missing = targets.missing(next);
      const circular = this.needs?.circle(next, old);
      if (missing === undefined && circular === undefined) continue;
      const rest = missing === undefined ? ", and needs it as it is" : "";
      this.problem(goal.urn, `Resource '${goal.urn}' depends on '${missing ?? circular}' which was ${why}${rest}.`);
      break;
    }
    return steps;
  }

  /** @throws DiagnosedError unless this is a preview, which goes on and fails in the end */
  private problem(urn: string, message: string): void {
    if (!this.parts.preview) throw new DiagnosedError(urn, [message]);
    this.parts.problem(message, urn);
  }

  /** Check, for what has a provider to ask. @throws DiagnosedError with every failure */
  private async check(goal: Goal, olds: ValueMap, wanted: ValueMap): Promise<ValueMap> {
    if (!goal.custom) return wanted;
    const { providers, preview, seed } = this.parts;
    const news = preview ? wanted : withoutUnknowns(wanted);
    const { inputs, failures } = await diagnosed(goal, async () => {
      if (isProviderType(goal.type)) return providers.check(goal.urn, olds, wanted);
      const provider = await providers.instance(goal.provider ?? "", goal.urn);
      if (!provider.configured) return { inputs: news, failures: [] };
      return provider.client.check(goal.urn, olds, news, seed?.(goal.urn) ?? randomBytes(SEED_BYTES));
    });
    if (failures.length > 0)
      throw new DiagnosedError(
        goal.urn,
        failures.map(failure => failureText(goal, news, failure)),
      );
    return inputs;
  }

  private async change(goal: Goal, old: ResourceState, next: ResourceState, inputs: ValueMap): Promise<Step[]> {
    const diff = await diagnosed(goal, () => this.diff(goal, old, inputs));
    const decision = decide(old, diff, goal.deleteBeforeReplace);
    if (decision.kind === "same") return [sameStep(old, next)];
    if (decision.kind === "update") return [updateStep(old, next, decision.diff)];
    return this.replace(goal, old, next, decision);
  }

  private async diff(goal: Goal, old: ResourceState, news: ValueMap): Promise<Diff> {
    if (triggers(old.replacementTrigger, goal.replacementTrigger)) return { ...changed(), triggered: true };
    if (this.isForced(goal, old)) return changed("id");
    if (goal.replaceWith.some(urn => this.replaced.has(urn))) return changed("replaceWith");
    if (goal.deletedWith !== undefined && this.replaced.has(goal.deletedWith)) return changed("deletedWith");
    if (await this.providerReplaced(goal, old)) return changed("provider");
    if (!goal.custom) return equalValues(old.inputs, news) ? NO_DIFF : changed();
    const diff = settleUnknown(await this.answer(goal, old, news), old.inputs, news);
    return applyReplaceOnChanges(diff, goal.replaceOnChanges, old.initErrors.length > 0);
  }

  private async answer(goal: Goal, old: ResourceState, news: ValueMap): Promise<Diff> {
    if (isProviderType(goal.type)) return this.parts.providers.diff(goal.urn, old, news);
    const provider = await this.parts.providers.instance(goal.provider ?? "", goal.urn);
    if (!provider.configured) {
      this.parts.warn(UNCONFIGURED, goal.urn);
      return changed();
    }
    const { id = "", inputs: oldInputs, outputs: oldOutputs } = old;
    return provider.client.diff({ urn: goal.urn, id, oldInputs, oldOutputs, news, ignoreChanges: goal.ignoreChanges });
  }

  private async providerReplaced(goal: Goal, old: ResourceState): Promise<boolean> {
    if (goal.provider === old.provider) return false;
    if (goal.provider === undefined || old.provider === undefined) return true;
    const now = parseProviderReference(goal.provider);
    const was = parseProviderReference(old.provider);
    if (this.claims.isRenamed(was.urn, now.urn)) return false;
    const oldProvider = this.claims.oldOf(was.urn);
    if (oldProvider === undefined) return false;
    const config = this.providerConfigs.get(now.urn) ?? {};
    return (await this.parts.providers.compare(goal.provider, oldProvider, config)).replaceKeys.length > 0;
  }

  private async replace(
    goal: Goal,
    old: ResourceState,
    planned: ResourceState,
    { diff, deleteFirst }: Extract<Decision, { kind: "replace" }>,
  ): Promise<Step[]> {
    if (old.protect === true && goal.protect === true) {
      this.problem(goal.urn, `unable to replace resource "${goal.urn}"\n${protectedText()}`);
    }
    if (goal.importId !== undefined) this.refuseReplacementOfImport(goal, old, planned, diff);
    this.replaced.add(goal.urn);
    // Anew, so that names chosen by the provider do not collide with the old object's.
    const inputs = this.isForced(goal, old) ? planned.inputs : await this.check(goal, {}, goal.inputs);
    const next = plannedState(goal, inputs, undefined);
    if (!deleteFirst) return replaceSteps(old, next, diff, old.pendingReplacement !== true);
    const doomed = await this.dependentsToDelete(goal, old);
    if (old.pendingReplacement !== true) doomed.push(old);
    // All at once: one that is said to go with another is not asked for, also where the other goes later.
    for (const { urn } of doomed) this.deleted.add(urn);
    const before = doomed.map(state => deleteReplacedStep(state, { goingToo: this.deleted }, { keepAsPending: true }));
    return [...before, ...replaceSteps(old, next, diff, false)];
  }

  private refuseReplacementOfImport(goal: Goal, old: ResourceState, next: ResourceState, diff: Diff): void {
    const message = importedText(diff.replaceKeys, old.inputs, next.inputs);
    if (!this.parts.preview) throw new DiagnosedError(goal.urn, [message]);
    this.parts.warn(message, goal.urn);
  }

  /** What must be replaced because `root` is deleted before its replacement is there: deleted first, the last one first. */
  private async dependentsToDelete(goal: Goal, root: ResourceState): Promise<ResourceState[]> {
    const dragged = await diagnosed(goal, () => this.dependents.draggedBy(root));
    return dragged.reverse().map(({ state, keys }) => {
      if (state.protect) {
        throw new DiagnosedError(goal.urn, [
          `unable to replace resource "${state.urn}" as part of replacing "${goal.urn}" ${protectedText(state.urn)}`,
        ]);
      }
      this.deletedFirst.set(state.urn, keys);
      return state;
    });
  }
}

function wantsImport(goal: Goal, old: ResourceState | undefined): boolean {
  if (goal.importId === undefined || !goal.custom) return false;
  return old === undefined || old.external === true || (old.importID ?? old.id) !== goal.importId;
}

async function diagnosed<T>(goal: Goal, answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    throw new DiagnosedError(goal.urn, [messageOf(error)]);
  }
}
