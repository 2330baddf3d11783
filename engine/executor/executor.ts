import type { EventStream } from "../event-stream";
import type { Step } from "../planner/step";
import { InitFailedError, ProviderError } from "../provider/rpc-error";
import type { PendingOperation, ResourceState } from "../resource";
import type { Journal } from "../state/journal";
import { type Applied, type ApplyContext, applyStep } from "./apply";
import { Slots } from "./slots";

export interface ExecutorOptions {
  readonly parallel: number;
  readonly continueOnError: boolean;
  /** Aborted: finish what runs, start nothing. */
  readonly stop: AbortSignal | undefined;
}

const PENDING: Partial<Record<Step["op"], PendingOperation["type"]>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
  read: "reading",
  "read-replacement": "reading",
  import: "importing",
  "import-replacement": "importing",
};

/** Runs steps: at most so many at a time, noted in the journal before and after, told as events. */
export class Executor {
  /** A step has failed. */
  failed = false;
  /** Failed in carrying something out, not in planning it. */
  stepError: Error | undefined;
  private givenUp = false;
  /** Something was refused, and the run goes on: to delete the rest, or to show it in a preview. It fails in the end. */
  refused = false;
  private done = 0;
  private halt: () => void = () => {};
  private readonly haltedPromise: Promise<void>;
  private readonly slots: Slots;

  constructor(
    private readonly context: ApplyContext,
    private readonly journal: Journal,
    private readonly events: EventStream,
    private readonly options: ExecutorOptions,
  ) {
    this.slots = new Slots(options.parallel);
    this.haltedPromise = new Promise(resolve => {
      this.halt = resolve;
    });
    options.stop?.addEventListener("abort", () => this.halt());
  }

  /** Resolves once nothing new may be started. */
  whenHalted(): Promise<void> {
    return this.halted ? Promise.resolve() : this.haltedPromise;
  }

  /** Whether it is to be told that the run has failed. Not of one that could not even be planned: all was said. */
  get sumsUp(): boolean {
    return !this.givenUp && (this.stepError !== undefined || this.refused);
  }

  /** True once nothing new may be started. */
  get halted(): boolean {
    return this.givenUp || this.options.stop?.aborted === true || (this.failed && !this.options.continueOnError);
  }

  /**
   * Steps of one resource, in order.
   * @returns the last one's state, with its error if it was done in part; undefined if any was not done
   */
  chain(steps: readonly Step[]): Promise<Applied | undefined> {
    return this.slots.run(async () => {
      let last: Applied | undefined;
      for (const [index, step] of steps.entries()) {
        if (!this.mayStart(step)) return undefined;
        const replaced = step.op === "replace" && steps[index - 1]?.deleteOldLater === true;
        const told = replaced ? afterDeed(step, last) : step;
        const applied = await this.step(told);
        if (applied.error !== undefined) return known(step, applied);
        last = { ...(step.op === "replace" && last ? last : applied), told };
      }
      return last;
    });
  }

  /** A resource that can't be read keeps no other from being refreshed. */
  private mayStart(step: Step): boolean {
    return step.op === "refresh" ? this.options.stop?.aborted !== true : !this.halted;
  }

  /** Notes a failure that no step stands for. */
  fail(): void {
    this.failed = true;
    if (!this.options.continueOnError) this.halt();
  }

  /** Starts nothing more, continue-on-error or not. */
  giveUp(): void {
    this.failed = true;
    this.givenUp = true;
    this.halt();
  }

  /** Gives up if there is any reason to, and says it. */
  refuse(reasons: readonly string[]): boolean {
    for (const reason of reasons) this.events.error(reason);
    if (reasons.length > 0) this.giveUp();
    return reasons.length > 0;
  }

  private async step(step: Step): Promise<Applied> {
    this.events.before(step);
    const protection = this.refusal(step);
    const operation = protection === undefined ? await this.begin(step) : undefined;
    const applied =
      protection === undefined
        ? await applyStep(step, this.context)
        : { state: step.old, error: protection, status: 0 as const };
    await this.finish(step, applied, operation);
    if (applied.error === undefined) {
      this.done += 1;
      this.events.count(step, applied);
      if (applied.warning !== undefined) this.events.warning(applied.warning, step.urn);
      this.events.done(step, applied);
    } else {
      const { message } = applied.error;
      this.events.error(this.context.preview ? `Preview failed: ${message}` : message, step.urn);
      if (!this.context.preview) {
        this.tellUnsure(step, applied.error);
        this.events.failed(step, applied, this.done);
      }
      this.stepError ??= applied.error;
      // What is protected keeps no other from being deleted: all of it is told in one run.
      if (protection === undefined || step.refused !== undefined) this.fail();
      else this.refused = true;
    }
    return applied;
  }

  /** A provider that ended in a creation can't say whether there is an object now, and the state has none, as with stock. */
  private tellUnsure(step: Step, error: Error): void {
    if (PENDING[step.op] !== "creating" || !(error instanceof ProviderError && error.gone)) return;
    this.events.warning(
      "it may have been created all the same; look for it before the next run makes it again",
      step.urn,
    );
  }

  private refusal(step: Step): Error | undefined {
    if (step.refused !== undefined) return new Error(step.refused);
    // Of a replacement that was decided before it started.
    if (step.op !== "delete" || step.old?.protect !== true) return undefined;
    return new Error(
      `resource "${step.urn}" cannot be deleted\n` +
        "because it is protected. To unprotect the resource, either remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
        `\`pulumi state unprotect '${step.urn}'\``,
    );
  }

  private async begin(step: Step): Promise<PendingOperation | undefined> {
    const type = PENDING[step.op];
    const resource = step.next ?? step.old;
    const quiet = step.withoutProvider === true && step.op !== "delete";
    if (type === undefined || resource === undefined || quiet || this.context.preview) return undefined;
    // Of an update stock records what is wanted, without what was there (conformance corpus, scenario 23).
    return this.journal.begin({
      type,
      resource: type === "updating" ? { ...resource, id: undefined, outputs: {} } : resource,
    });
  }

  private async finish(step: Step, applied: Applied, operation: PendingOperation | undefined): Promise<void> {
    if (step.skipped || step.op === "replace") return;
    if (step.op === "refresh") {
      if (applied.error === undefined && step.old) this.journal.replaceInPlace(step.old, applied.state);
      return;
    }
    const kept = applied.error !== undefined && !(applied.error instanceof InitFailedError);
    if (kept) {
      await this.journal.endFailed(operation);
      return;
    }
    if (step.deleteOldLater && step.old !== undefined) {
      this.journal.replaceInPlace(step.old, { ...step.old, delete: true });
      await this.journal.end(operation, undefined, applied.state);
      return;
    }
    if (step.keepAsPending && step.old !== undefined) {
      this.journal.replaceInPlace(step.old, applied.state);
      await this.journal.end(operation, undefined, undefined);
      return;
    }
    await this.journal.end(operation, this.current(step), applied.state);
  }

  /** The entry that a step takes the place of, as the journal has it by now. */
  private current(step: Step): ResourceState | undefined {
    const old = step.old;
    if (old === undefined || this.journal.has(old)) return old;
    return this.journal.entries.find(state => state.urn === old.urn && state.pendingReplacement === true);
  }
}

/** Of what failed: what the program may know of it. One that could not be updated still has its id. */
function known(step: Step, applied: Applied): Applied | undefined {
  if (applied.error instanceof InitFailedError) return applied;
  if (step.op !== "update" || step.next === undefined) return undefined;
  return { ...applied, state: { ...step.next, id: step.old?.id, outputs: {} } };
}

/** The word `replace` after the deed tells of what was made. */
function afterDeed(word: Step, deed: Applied | undefined): Step {
  return deed?.state === undefined ? word : { ...word, next: deed.state };
}
