import {
  containsSecret,
  containsUnknown,
  equalValues,
  mapValues,
  Secret,
  type Value,
  type ValueMap,
} from "../wire/values";
import { DiagnosedError, messageOf } from "./diagnosed-error";
import type { EventStream } from "./event-stream";
import type { Executor } from "./executor/executor";
import { Queue } from "./executor/slots";
import type { StepGenerator } from "./generator";
import type { Deviation, PlanWatch } from "./plan-files/deployment-plan";
import { orderDeletes } from "./planner/delete-order";
import type { Goal } from "./planner/goal";
import { reuseSecrets } from "./planner/reuse";
import { type DeleteContext, deleteReplacedStep, deleteStep, refreshStep, type Step } from "./planner/step";
import type { CheckFailure } from "./provider/client";
import type { ProviderRegistry } from "./provider/registry";
import type { ResourceState } from "./resource";
import type { Journal } from "./state/journal";
import { isProviderType, makeUrn, packageOf, parseProviderReference, providerType, STACK_TYPE, typeOf } from "./urn";

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

export interface SessionParts {
  readonly stack: string;
  readonly project: string;
  readonly preview: boolean;
  readonly continueOnError: boolean;
  readonly generator: StepGenerator;
  readonly executor: Executor;
  readonly journal: Journal;
  readonly providers: ProviderRegistry;
  readonly events: EventStream;
  /** Stack configuration by full key; secrets are Secret. */
  readonly config: Readonly<Record<string, Value>>;
  /** Records a plan, or holds this run against one. */
  readonly watch?: PlanWatch;
}

/** One run of a program: takes its registrations in order, has them planned and carried out, and answers. */
export class Session {
  private readonly planning = new Queue();
  private readonly states = new Map<string, ResourceState>();
  private readonly steps = new Map<string, Step>();
  private readonly unusable = new Set<string>();
  private readonly defaults = new Map<string, Promise<string>>();
  private readonly running = new Set<Promise<unknown>>();
  private stackOutputs: { readonly urn: string; readonly outputs: ValueMap } | undefined;

  constructor(private readonly parts: SessionParts) {}

  stateOf(urn: string): ResourceState | undefined {
    return this.states.get(urn);
  }

  async register(goal: Goal): Promise<Registered> {
    return this.track(this.registerNow(goal, () => this.parts.generator.generate(goal)));
  }

  async read(goal: Goal, id: string): Promise<Registered> {
    return this.track(this.registerNow(goal, async () => this.parts.generator.generateRead(goal, id)));
  }

  private async registerNow(goal: Goal, plan: () => Promise<Step[]>): Promise<Registered> {
    const { executor, events } = this.parts;
    const steps = await this.planning.run(async () => {
      if (executor.halted) throw new RunEndedError();
      try {
        const planned = await plan();
        return this.heed(this.parts.watch?.steps(planned, goal)) ? planned : undefined;
      } catch (error) {
        for (const message of error instanceof DiagnosedError ? error.messages : [messageOf(error)]) {
          events.error(message, goal.urn);
        }
        executor.fail();
        return undefined;
      }
    });
    if (steps === undefined) return this.giveUp(goal.urn, "failed");
    if (this.needsUnusable(goal)) return this.giveUp(goal.urn, "skipped");
    const applied = await executor.chain(steps);
    const last = steps.at(-1);
    if (applied?.state === undefined || applied.error !== undefined || last === undefined)
      return this.giveUp(goal.urn, "failed", applied?.state);
    this.parts.watch?.done(goal.urn, applied.state.outputs);
    this.states.set(goal.urn, applied.state);
    this.steps.set(goal.urn, last);
    if (isProviderType(goal.type)) this.parts.generator.providerConfigs.set(goal.urn, applied.state.inputs);
    if (last.skipped) return { result: "skipped", urn: goal.urn };
    return { result: "success", state: applied.state };
  }

  /** Tells what deviates from a plan. False if it ends the run: a preview goes on, to tell of all. */
  private heed(deviations: readonly Deviation[] = []): boolean {
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
    const provider = goal.provider === undefined ? [] : [parseProviderReference(goal.provider).urn];
    return [...goal.dependencies, ...provider, ...(goal.parent ? [goal.parent] : [])].some(urn =>
      this.unusable.has(urn),
    );
  }

  /** The provider of a package for resources that name none; registered at its first use. */
  defaultProvider(token: string, version: string, downloadUrl: string): Promise<string> {
    const { stack, project, config } = this.parts;
    const packageName = packageOf(token);
    const name = version === "" ? "default" : `default_${version.replaceAll(/[.+-]/g, "_")}`;
    const key = `${packageName} ${name}`;
    const known = this.defaults.get(key);
    if (known !== undefined) return known;
    const type = providerType(packageName);
    const inputs: Record<string, Value> = version === "" ? {} : { version };
    for (const [full, value] of Object.entries(config)) {
      if (full.startsWith(`${packageName}:`)) inputs[full.slice(packageName.length + 1)] = value;
    }
    if (downloadUrl !== "") inputs.__internal = { pluginDownloadURL: downloadUrl };
    const registered = this.register(
      emptyGoal(makeUrn(stack, project, undefined, type, name), type, name, inputs),
    ).then(done => {
      if (done.result !== "success") throw new RunEndedError();
      return `${done.state.urn}::${done.state.id ?? ""}`;
    });
    this.defaults.set(key, registered);
    return registered;
  }

  /** Outputs of a component, or of the stack, whose own wait for `writeStackOutputs`: the SDK sends them also where the program threw. */
  registerOutputs(urn: string, outputs: ValueMap): void {
    if (!this.states.has(urn)) throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
    if (typeOf(urn) === STACK_TYPE) this.stackOutputs = { urn, outputs };
    else this.writeOutputs(urn, outputs);
  }

  /** The stack's outputs are those of a run that went well, and come last. */
  writeStackOutputs(): void {
    if (this.stackOutputs !== undefined && !this.parts.executor.halted) {
      this.writeOutputs(this.stackOutputs.urn, this.stackOutputs.outputs);
    }
  }

  private writeOutputs(urn: string, outputs: ValueMap): void {
    const { journal, events, executor } = this.parts;
    const state = this.states.get(urn);
    const step = this.steps.get(urn);
    if (state === undefined || step === undefined) throw new Error(`'${urn}' is not of this run`);
    if (executor.halted) throw new RunEndedError();
    if (!this.heed(this.parts.watch?.outputs(urn, state.outputs, outputs))) return;
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

  /** Waits for all steps under way. */
  async settle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  /** Deletes what the program no longer has. Only after it ended well. */
  async deleteUnclaimed(): Promise<void> {
    const { generator, journal, executor } = this.parts;
    const unclaimed = new Set(generator.unclaimed().filter(state => generator.isTargeted(state.urn)));
    const isOld = (state: ResourceState): boolean =>
      unclaimed.has(state) && !state.delete && !this.states.has(state.urn);
    const resources = journal.snapshot().resources;
    const doomed = resources.filter(state => state.delete === true || isOld(state));
    const spared = this.neededByUnusable();
    const steps = deleteStepsOf(doomed.filter(state => !spared.has(state.urn)));
    if (this.heed(this.parts.watch?.steps(steps))) await executor.ordered(orderDeletes(steps));
  }

  /** What a resource that could not be made this time depended on when it was last there. */
  private neededByUnusable(): Set<string> {
    const needed = new Set<string>();
    for (const urn of this.unusable) {
      const old = this.parts.generator.oldOf(urn);
      for (const dependency of old?.dependencies ?? []) needed.add(dependency);
    }
    return needed;
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = (): void => void this.running.delete(work);
    work.then(forget, forget);
    return work;
  }
}

/** Steps that delete these resources. */
export function deleteStepsOf(doomed: readonly ResourceState[]): Step[] {
  const context: DeleteContext = { goingToo: new Set(doomed.map(state => state.urn)) };
  return doomed.map(state => (state.delete ? deleteReplacedStep(state, context) : deleteStep(state, context)));
}

/** Reads every resource anew; what is gone leaves the state. */
export async function refreshAll(journal: Journal, executor: Executor, targets?: ReadonlySet<string>): Promise<void> {
  const resources = journal.snapshot().resources.filter(state => !state.delete && (!targets || targets.has(state.urn)));
  const steps = besideSiblings(resources).map(refreshStep);
  await Promise.all(steps.map(step => executor.chain([step])));
  pruneDependencies(journal);
  journal.restart();
}

/**
 * Resources of one parent one after the other; in the state they lie as they were finished, those of many parents mixed. What is
 * alike is asked at about the same time then, so that a provider can ask it together: all files of a host in one command.
 */
function besideSiblings(resources: readonly ResourceState[]): ResourceState[] {
  const families = new Map<string | undefined, ResourceState[]>();
  for (const state of resources) {
    const family = families.get(state.parent);
    if (family === undefined) families.set(state.parent, [state]);
    else family.push(state);
  }
  return [...families.values()].flat();
}

/** Nothing may refer to a resource that a refresh found gone. */
function pruneDependencies(journal: Journal): void {
  const { resources } = journal.snapshot();
  const there = new Set(resources.map(state => state.urn));
  for (const state of resources) {
    const dependencies = state.dependencies.filter(urn => there.has(urn));
    if (dependencies.length === state.dependencies.length) continue;
    const propertyDependencies = Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.filter(urn => there.has(urn))]),
    );
    journal.replaceInPlace(state, { ...state, dependencies, propertyDependencies });
  }
}

function emptyGoal(urn: string, type: string, name: string, inputs: ValueMap): Goal {
  return {
    urn,
    type,
    name,
    custom: true,
    inputs,
    dependencies: [],
    propertyDependencies: {},
    ignoreChanges: [],
    replaceOnChanges: [],
    additionalSecretOutputs: [],
    aliases: [],
  };
}
