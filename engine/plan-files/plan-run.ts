import type { StackConfig } from "../config-values";
import { openConfig } from "../config-values";
import type { EventStream } from "../event-stream";
import type { Executor } from "../executor/executor";
import type { OpenStack } from "../stack-files";
import type { PlanWatch } from "./deployment-plan";
import { PlanGuard } from "./guard";
import { readPlan, writePlan } from "./plan-file";
import { PlanRecorder } from "./recorder";

export interface PlanOptions {
  /** File that a preview's plan is written to. */
  readonly savePlan?: string;
  /** File with the plan that a run is held against. */
  readonly plan?: string;
}

/** What a run has to do with plan files. */
export class PlanRun {
  private constructor(
    private readonly open: OpenStack,
    private readonly options: PlanOptions,
    readonly recorder: PlanRecorder | undefined,
    readonly guard: PlanGuard | undefined,
    /** Keys of the configuration that are not as they were planned with. */
    private readonly changedConfig: readonly string[],
  ) {}

  /** @throws OperatorError naming the plan file */
  static of(options: PlanOptions, open: OpenStack, config: StackConfig): PlanRun {
    const recorder = options.savePlan === undefined ? undefined : new PlanRecorder(open.file.entries());
    if (options.plan === undefined) return new PlanRun(open, options, recorder, undefined, []);
    const plan = readPlan(options.plan, open.stack, open.project.name, open.cipher);
    const planned = openConfig(open.project, { entries: () => plan.config }, open.cipher);
    return new PlanRun(open, options, recorder, new PlanGuard(plan), changedKeys(planned, config));
  }

  get watch(): PlanWatch | undefined {
    return this.guard ?? this.recorder;
  }

  get seed(): ((urn: string) => Uint8Array) | undefined {
    const { watch } = this;
    return watch && (urn => watch.seed(urn));
  }

  /** Before the program is asked anything. False: the plan was made with another configuration. */
  begin(events: EventStream): boolean {
    if (this.changedConfig.length === 0) return true;
    events.error(`configuration differs from the plan: ${this.changedConfig.join(", ")}`);
    return false;
  }

  /** After all went well. `exists` knows which URNs the state has. */
  end(exists: (urn: string) => boolean, events: EventStream): void {
    for (const { urn, message } of this.watch?.end(exists) ?? []) events.error(message, urn);
  }

  /** Fails a run that is not as planned, and says what to do. */
  conclude(executor: Executor, events: EventStream): void {
    if (this.changedConfig.length === 0 && this.guard?.deviated !== true) return;
    executor.failed = true;
    events.error(
      `${this.options.plan} is not what would be done now. Look at it again, and make a new plan: ` +
        `muster preview -s ${this.open.stack} --save-plan FILE`,
    );
  }

  /** Writes the plan of a preview that went well. @throws OperatorError */
  save(failed: boolean): void {
    if (failed || this.recorder === undefined || this.options.savePlan === undefined) return;
    writePlan(this.options.savePlan, this.recorder.plan(), this.open.cipher);
  }
}

function changedKeys(planned: StackConfig, now: StackConfig): string[] {
  const keys = [...new Set([...Object.keys(planned.texts), ...Object.keys(now.texts)])].sort();
  const secret = (config: StackConfig, key: string): boolean => config.secretKeys.includes(key);
  return keys.filter(key => planned.texts[key] !== now.texts[key] || secret(planned, key) !== secret(now, key));
}
