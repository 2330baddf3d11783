import {
  containsSecret,
  containsUnknown,
  equalValues,
  mapValues,
  Secret,
  type Value,
  type ValueMap,
} from "../wire/values";
import { type DeletionParts, deleteAll } from "./deletion";
import { DiagnosedError, messageOf } from "./diagnosed-error";
import { Turns } from "./executor/slots";
import { type Planned, StepGenerator } from "./generator";
import type { Deviation, PlanWatch } from "./plan-files/deployment-plan";
import { stillNeeded } from "./planner/delete-order";
import { bareGoal, type Goal } from "./planner/goal";
import { reuseSecrets } from "./planner/reuse";
import type { Step } from "./planner/step";
import type { AliasTable } from "./program/aliases";
import { defaultProviderName, type PluginChoice, withPluginChoice } from "./program/plugin-choice";
import type { CheckFailure } from "./provider/client";
import { type ResourceState, requirementsOf } from "./resource";
import type { Journal } from "./state/journal";
import type { UrnPatterns } from "./targets";
import { isProviderType, makeUrn, packageOf, providerType, STACK_TYPE, typeOf } from "./urn";

/** What a program is told about a resource that it registered. */
export type Registered =
  | { readonly result: "success"; readonly state: ResourceState }
  /** With continue-on-error: its outputs are unknown, but for those of one that is there although not as declared (stock, 3.260: resmon). */
  | { readonly result: "failed" | "skipped"; readonly urn: string; readonly state?: ResourceState };

/** The run is over for the program: its call will not be answered. */
export class RunEndedError extends Error {
  constructor() {
    super("the run was stopped");
    this.name = "RunEndedError";
  }
}

export interface SessionParts extends Omit<DeletionParts, "dependents" | "goingToo"> {
  readonly stack: string;
  readonly project: string;
  readonly continueOnError: boolean;
  /** `--replace` */
  readonly replaces: UrnPatterns;
  readonly seed?: (urn: string) => Uint8Array;
  readonly aliases: AliasTable;
  readonly journal: Journal;
  /** Stack configuration by full key; secrets are Secret. */
  readonly config: Readonly<Record<string, Value>>;
  /** Records a plan, or holds this run against one. */
  readonly watch?: PlanWatch;
}

/** One run of a program: takes its registrations in order, has them planned and carried out, and answers. */
export class Session {
  private readonly planning = new Turns();
  private readonly states = new Map<string, ResourceState>();
  private readonly steps = new Map<string, Step>();
  private readonly unusable = new Set<string>();
  private readonly defaults = new Map<string, Promise<string>>();
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;
  private stackOutputs: { readonly urn: string; readonly outputs: ValueMap } | undefined;

  private readonly generator: StepGenerator;

  constructor(private readonly parts: SessionParts) {
    const { journal, events, executor, aliases } = parts;
    this.generator = new StepGenerator({
      ...parts,
      resources: journal.snapshot().resources,
      rename: (from, to) => {
        journal.rename(from, to);
        if (from !== to) aliases.note(from, to);
      },
      keepName: (urn, called) => journal.keepName(urn, called),
      problem: (message, urn) => {
        events.error(message, urn);
        executor.refused = true;
      },
      warn: (message, urn) => events.warning(message, urn),
      note: (message, urn) => events.diagnostic({ severity: "info", message, urn }),
    });
  }

  /** What to say of targets that are neither in the program nor in the state. */
  unknownTargets(): string[] {
    return this.generator.unknownTargets();
  }

  stateOf(urn: string): ResourceState | undefined {
    return this.states.get(urn);
  }

  async register(goal: Goal): Promise<Registered> {
    return this.track(this.registerNow(goal, () => this.generator.generate(goal)));
  }

  async read(goal: Goal, id: string): Promise<Registered> {
    return this.track(this.registerNow(goal, async () => this.generator.generateRead(goal, id)));
  }

  private async registerNow(goal: Goal, plan: () => Promise<Planned>): Promise<Registered> {
    const { executor } = this.parts;
    const planned = await this.inTurn(goal, async () => this.asPlanned(goal, await plan(), each => each.steps));
    if (planned === undefined) return this.giveUp(goal.urn, "failed");
    if (this.needsUnusable(goal)) return this.giveUp(goal.urn, "skipped");
    let steps = planned.steps;
    let applied = await executor.chain(steps);
    const imported = applied?.error === undefined ? applied?.state : undefined;
    if (planned.follow !== undefined && imported !== undefined) {
      const { follow } = planned;
      const more = await this.inTurn(goal, async () => this.asPlanned(goal, await follow(imported), each => each));
      if (more === undefined) return this.giveUp(goal.urn, "failed");
      // What was imported as it is wanted needs no step to say so.
      if (more.some(step => step.op !== "same" || step.untargeted)) {
        steps = more;
        applied = await executor.chain(steps);
      }
    }
    const last = steps.at(-1);
    if (applied?.state === undefined || applied.error !== undefined || last === undefined)
      return this.giveUp(goal.urn, "failed", applied?.state);
    this.parts.watch?.done(goal.urn, applied.state.outputs);
    this.states.set(applied.state.urn, applied.state);
    this.steps.set(applied.state.urn, applied.told ?? last);
    if (isProviderType(goal.type)) this.generator.providerConfigs.set(goal.urn, applied.state.inputs);
    return { result: "success", state: applied.state };
  }

  /**
   * One is planned after the other, as they come. New ones that the same answer set free come at the same time, in an order that
   * hangs on how many properties each has: they go in the order of their names.
   * @returns undefined if it can't be planned: that was said
   */
  private inTurn<T>(goal: Goal, plan: () => Promise<T>): Promise<T | undefined> {
    const { executor, events } = this.parts;
    const isFreed = goal.dependencies.length > 0 && this.generator.oldOf(goal.urn) === undefined;
    return this.planning.run(isFreed ? goal.urn : "", async () => {
      if (executor.halted || this.closed) throw new RunEndedError();
      try {
        return await plan();
      } catch (error) {
        if (error instanceof RunEndedError) throw error;
        for (const message of error instanceof DiagnosedError ? error.messages : [messageOf(error)]) {
          events.error(message, goal.urn);
        }
        // What can't be planned because of what failed is a consequence; anything else ends the run, continue-on-error or not.
        if (this.needsUnusable(goal)) executor.fail();
        else executor.giveUp();
        return undefined;
      }
    });
  }

  /** @throws RunEndedError if these steps are against a plan */
  private asPlanned<T>(goal: Goal, planned: T, stepsOf: (planned: T) => readonly Step[]): T {
    if (!this.heeds(this.parts.watch?.steps(stepsOf(planned), goal))) throw new RunEndedError();
    return planned;
  }

  /** Tells what deviates from a plan. False if it ends the run: a preview goes on, to tell of all. */
  private heeds(deviations: readonly Deviation[] = []): boolean {
    const { preview, executor, events } = this.parts;
    for (const { message, urn } of deviations) events.error(message, urn);
    if (preview || deviations.length === 0) return true;
    executor.giveUp();
    return false;
  }

  private giveUp(urn: string, result: "failed" | "skipped", state?: ResourceState): Registered {
    this.unusable.add(urn);
    if (!this.parts.continueOnError || this.parts.executor.halted) throw new RunEndedError();
    return state === undefined ? { result, urn } : { result, urn, state };
  }

  private needsUnusable(goal: Goal): boolean {
    return [...requirementsOf(goal)].some(urn => this.unusable.has(urn));
  }

  /** The provider of a package for resources that name none; registered at its first use. */
  defaultProvider(token: string, choice: PluginChoice): Promise<string> {
    const { stack, project, config } = this.parts;
    const packageName = packageOf(token);
    const name = defaultProviderName(choice);
    const key = `${packageName} ${name}`;
    const known = this.defaults.get(key);
    if (known !== undefined) return known;
    const type = providerType(packageName);
    const inputs: Record<string, Value> = {};
    for (const [full, value] of Object.entries(config)) {
      if (full.startsWith(`${packageName}:`)) inputs[full.slice(packageName.length + 1)] = value;
    }
    const urn = makeUrn(stack, project, undefined, type, name);
    const registered = this.register(bareGoal(urn, true, withPluginChoice(inputs, choice))).then(done => {
      if (done.result !== "success") throw new RunEndedError();
      return `${done.state.urn}::${done.state.id ?? ""}`;
    });
    this.defaults.set(key, registered);
    return registered;
  }

  /** Outputs of a component, or of the stack, whose own wait for `finishStack`: the SDK sends them also where the program threw. */
  registerOutputs(urn: string, outputs: ValueMap): void {
    if (!this.states.has(urn)) throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
    if (this.parts.executor.halted) throw new RunEndedError();
    if (typeOf(urn) === STACK_TYPE) this.stackOutputs = { urn, outputs };
    else this.writeOutputs(urn, outputs);
  }

  /** The stack's outputs come last. That one is missing after a failure does not mean that it was taken away. */
  finishStack(wentWell: boolean): void {
    if (this.stackOutputs === undefined) return;
    const { urn, outputs } = this.stackOutputs;
    const kept = wentWell && !this.parts.executor.failed ? {} : this.states.get(urn)?.outputs;
    this.writeOutputs(urn, { ...kept, ...outputs });
  }

  private writeOutputs(urn: string, outputs: ValueMap): void {
    const { journal, events } = this.parts;
    const state = this.states.get(urn);
    const step = this.steps.get(urn);
    if (state === undefined || step === undefined) throw new Error(`'${urn}' is not of this run`);
    if (step.skipped || !this.heeds(this.parts.watch?.outputs(urn, state.outputs, outputs))) return;
    const next = { ...state, outputs: reuseSecrets(outputs, state.outputs) };
    if (!equalValues(state.outputs, outputs)) journal.replaceInPlace(state, next);
    const kept = equalValues(state.outputs, outputs) ? state : next;
    this.states.set(urn, kept);
    events.outputs(step, { state: kept });
  }

  /** A function of a provider. The program does not ask with unknown arguments. */
  async invoke(
    token: string,
    args: ValueMap,
    reference: string,
  ): Promise<{ result: ValueMap; failures: readonly CheckFailure[] }> {
    const { providers, preview } = this.parts;
    const provider = await providers.instance(reference);
    if (!provider.configured || containsUnknown(args)) return { result: {}, failures: [] };
    const { result, failures } = await provider.client.invoke(token, args, preview);
    if (!containsSecret(args) || containsSecret(result)) return { result, failures };
    return { result: mapValues(result, value => new Secret(value)), failures };
  }

  /** True if the program waits for no answer. */
  get idle(): boolean {
    return this.running.size === 0;
  }

  /** Takes nothing more, whatever the program still says, and waits for all steps under way. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  /** Deletes what the program no longer has. Only after it ended well. */
  async deleteUnclaimed(): Promise<void> {
    const { generator } = this;
    const { journal, targets, events, executor } = this.parts;
    const unclaimed = new Set(generator.unclaimed());
    const isOld = (state: ResourceState): boolean =>
      state.delete === true || (unclaimed.has(state) && !this.states.has(state.urn));
    const { entries } = journal;
    const olds = entries.filter(isOld);
    // What could not be made this time, or was not to be, is there as it was.
    const spared = new Set(stillNeeded(olds, entries));
    for (const { urn } of targets.limited ? spared : []) {
      events.error(`Resource '${urn}' can't be deleted: something that takes no part in this run depends on it.`, urn);
      executor.failed = true;
    }
    const { dependents, deleted: goingToo } = generator;
    const allows = (steps: readonly Step[]): boolean => this.heeds(this.parts.watch?.steps(steps));
    const going = olds.filter(state => !spared.has(state));
    const isHandled = (urn: string): boolean => this.states.has(urn);
    await deleteAll(going, { ...this.parts, dependents, goingToo, allows, isHandled });
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = (): void => void this.running.delete(work);
    work.then(forget, forget);
    return work;
  }
}
