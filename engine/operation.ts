import { configValues, type StackConfig, shownConfig } from "./config-values";
import { deleteAll, sparingProtected } from "./deletion";
import { Dependents } from "./dependents";
import { messageOf } from "./diagnosed-error";
import { EventStream } from "./event-stream";
import type { OpType } from "./events";
import { Executor } from "./executor/executor";
import { importAll } from "./import";
import { Monitor, serveEngine } from "./monitor";
import { type Outside, realOutside } from "./outside";
import { settlePending } from "./pending";
import { PlanRun } from "./plan-files/plan-run";
import { AliasTable } from "./program/aliases";
import type { Program } from "./program/process";
import { type Project, programOf } from "./project";
import { ProviderRegistry } from "./provider/registry";
import { refreshAll } from "./refresh";
import type { Snapshot } from "./resource";
import type { RunOptions } from "./run";
import { Session } from "./session";
import { deferred, SILENT_END, Silence } from "./silence";
import { configOf, type OpenStack, openStack, snapshotOf } from "./stack-files";
import { initialiseBackend } from "./state/backend";
import { Journal } from "./state/journal";
import { takeLock } from "./state/lock";
import { hasResource, refuseUnknown, Targets, UrnPatterns } from "./targets";

const HISTORY_KINDS = { up: "update", refresh: "refresh", destroy: "destroy", import: "resource-import" } as const;
const MILLISECONDS = 1000;
export interface Outcome {
  readonly failed: boolean;
  readonly changes: Partial<Record<OpType, number>>;
  readonly snapshot: Snapshot;
}

function isDryRun(options: RunOptions): boolean {
  return options.kind === "preview" || options.previewOnly === true;
}

/** One run from lock to history. */
export class Operation {
  private readonly events: EventStream;
  private readonly startTime = Math.floor(Date.now() / MILLISECONDS);
  private readonly dryRun: boolean;
  private readonly aliases: AliasTable;
  private failed = false;
  private program: Pick<Program, "ended" | "kill"> | undefined;
  /** An error was told, by the program or a provider: there is no need to say more of a program that fails. */
  private errorTold = false;
  private readonly programFailed = deferred<void>();

  constructor(
    private readonly options: RunOptions,
    private readonly open: OpenStack,
    private readonly start: Snapshot,
    private readonly config: StackConfig,
    private readonly plan: PlanRun,
    private readonly outside: Outside,
  ) {
    this.dryRun = isDryRun(options);
    this.aliases = new AliasTable(options.stack, open.project.name);
    this.events = new EventStream(options.onEvent, this.dryRun, options.kind === "refresh");
  }

  get project(): Project {
    return this.open.project;
  }

  static async open(options: RunOptions): Promise<Operation> {
    const open = await openStack(options);
    const dryRun = isDryRun(options);
    initialiseBackend(open.backend);
    const unlock = dryRun ? () => {} : takeLock(open.backend, options.stack);
    try {
      // Read again: what was read before the lock may be what another run has changed since.
      const locked = dryRun ? open : await openStack(options);
      const start = await snapshotOf(locked, options.passphrase);
      if (options.kind === "refresh" || options.kind === "destroy") refuseUnknown(options, start.resources);
      const config = configOf(locked);
      const plan = PlanRun.of(options, locked, config);
      return new Operation(options, locked, start, config, plan, realOutside(locked, dryRun, unlock));
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async run(): Promise<Outcome> {
    const { events } = this;
    const { server, checkpoint, unlock } = this.outside;
    const journal = new Journal(this.start, checkpoint);
    serveEngine(server, events, () => {
      this.errorTold = true;
    });
    try {
      await this.runWith(journal);
    } finally {
      this.program?.kill();
      server.close();
      const closed = journal.close().then(() => checkpoint?.seal());
      await closed.then(() => this.writeHistory()).finally(unlock);
    }
    this.plan.save(this.failed);
    return { failed: this.failed, changes: events.changes(), snapshot: journal.snapshot() };
  }

  private async runWith(journal: Journal): Promise<void> {
    const { options, events, outside } = this;
    events.prelude(shownConfig(this.project, this.open.file));
    if (!this.dryRun) {
      const warning = settlePending(journal, options.kind === "refresh" && options.clearPendingCreates === true);
      if (warning !== undefined) events.warning(warning);
    }
    const ready = deferred<Session>();
    if (this.runsProgram) {
      new Monitor({
        stack: options.stack,
        project: this.project.name,
        programFolder: programOf(this.project).folder,
        aliases: this.aliases,
        session: ready.promise,
      }).addTo(outside.server);
    }
    const address = await outside.server.listen();
    const providers = new ProviderRegistry(
      options.plugins,
      address,
      (urn, id) => journal.snapshot().resources.find(state => state.urn === journal.newNameOf(urn) && state.id === id),
      outside.connectProvider,
    );
    const cancel = (): void => void providers.cancel();
    options.cancel?.addEventListener("abort", cancel);
    const executor = this.executorFor(journal, providers);
    try {
      if (this.runsProgram) this.program = this.startProgram(address);
      await this.carryOut(journal, executor, providers, ready.resolve);
      this.plan.conclude(executor, events);
      if (options.stop?.aborted) this.reportStop();
      else if (executor.sumsUp) events.error(`${this.word} failed${this.causeOf(executor)}`);
    } catch (error) {
      executor.failed = true;
      events.error(messageOf(error));
    } finally {
      this.failed ||= executor.failed || executor.refused;
      options.cancel?.removeEventListener("abort", cancel);
      await providers.close();
      events.summary(this.failed ? "failed" : "succeeded");
      events.ended();
    }
  }

  private async carryOut(
    journal: Journal,
    executor: Executor,
    providers: ProviderRegistry,
    ready: (session: Session) => void,
  ): Promise<void> {
    const { options } = this;
    if (options.kind === "refresh" || options.refreshFirst) await refreshAll(journal, executor, new Targets(options));
    if (executor.halted) return;
    if (options.kind === "destroy") return this.destroy(journal, executor, providers);
    if (options.kind === "import") return this.import(journal, executor, providers);
    if (!this.runsProgram) return;
    const isKnown = hasResource(journal.snapshot().resources);
    const refused = executor.refuse(new UrnPatterns(options.replaces).complaints(isKnown));
    if (!refused) await this.runProgram(journal, executor, providers, ready);
  }

  /** Only an import says once more why. */
  private causeOf({ stepError }: Executor): string {
    const imports = this.options.kind === "import" && stepError !== undefined;
    return imports ? `: step application failed: ${stepError.message}` : "";
  }

  /** Stock's word for a run, of whatever kind. */
  private get word(): string {
    return this.dryRun ? "preview" : "update";
  }

  private get runsProgram(): boolean {
    return this.options.kind === "preview" || this.options.kind === "up";
  }

  private executorFor(journal: Journal, providers: ProviderRegistry): Executor {
    const { options } = this;
    return new Executor({ preview: this.dryRun, providers }, journal, this.events, {
      parallel: options.parallel,
      continueOnError: options.continueOnError === true,
      stop: options.stop,
    });
  }

  private startProgram(address: string): Pick<Program, "ended" | "kill"> {
    return this.outside.startProgram({
      project: this.project,
      stack: this.options.stack,
      address,
      dryRun: this.dryRun,
      parallel: this.options.parallel,
      config: this.config,
      onFailed: () => this.programFailed.resolve(),
      onLine: (message, stream) =>
        this.events.diagnostic({ severity: stream === "stdout" ? "info" : "info#err", message: `${message}\n` }),
    });
  }

  private async runProgram(
    journal: Journal,
    executor: Executor,
    providers: ProviderRegistry,
    ready: (session: Session) => void,
  ): Promise<void> {
    const { events, plan } = this;
    if (!plan.begin(events)) return;
    const session = this.sessionFor(journal, executor, providers);
    ready(session);
    const silent = new Silence(session);
    void this.programFailed.promise.then(silent.watch);
    const ended = await Promise.race([this.program?.ended, executor.whenHalted(), silent.come]);
    silent.stop();
    await session.close();
    if (executor.halted || ended !== undefined) {
      this.program?.kill();
      if (!executor.halted && (ended || !this.errorTold)) events.error(ended || SILENT_END);
      executor.failed = true;
      session.finishStack(false);
      return;
    }
    await session.deleteUnclaimed();
    session.finishStack(!executor.refused);
    plan.end(urn => journal.snapshot().resources.some(state => state.urn === urn), events);
    executor.refuse(session.unknownTargets());
  }

  private sessionFor(journal: Journal, executor: Executor, providers: ProviderRegistry): Session {
    const { options, events, plan } = this;
    return new Session({
      stack: options.stack,
      project: this.project.name,
      preview: this.dryRun,
      targets: new Targets(options),
      targetDependents: options.targetDependents === true,
      replaces: new UrnPatterns(options.replaces),
      continueOnError: options.continueOnError === true,
      seed: plan.seed,
      aliases: this.aliases,
      executor,
      journal,
      providers,
      events,
      config: configValues(this.config),
      watch: plan.watch,
    });
  }

  private async destroy(journal: Journal, executor: Executor, providers: ProviderRegistry): Promise<void> {
    const { options } = this;
    const { resources } = journal.snapshot();
    await deleteAll(resources, {
      targets: new Targets(options.excludeProtected ? sparingProtected(options, resources) : options),
      targetDependents: options.targetDependents === true,
      preview: this.dryRun,
      dependents: new Dependents(resources, providers),
      executor,
      providers,
      events: this.events,
      goingToo: new Set(),
    });
  }

  private async import(journal: Journal, executor: Executor, providers: ProviderRegistry): Promise<void> {
    const session = this.sessionFor(journal, executor, providers);
    const { stack, imports = [] } = this.options;
    await importAll(imports, { stack, project: this.project.name, journal, executor, session });
  }

  private reportStop(): void {
    this.failed = true;
    this.events.error(`${this.word} canceled`);
  }

  private writeHistory(): void {
    const { options, open, events, outside } = this;
    if (this.dryRun || options.kind === "preview") return;
    outside.writeHistory({
      kind: HISTORY_KINDS[options.kind],
      startTime: this.startTime,
      message: options.message ?? "",
      environment: { "exec.kind": "cli", "pulumi.os": process.platform, "pulumi.arch": process.arch },
      config: open.file.entries() as never,
      version: 0,
      result: this.failed ? "failed" : "succeeded",
      endTime: Math.floor(Date.now() / MILLISECONDS),
      resourceChanges: events.changes(),
    });
  }
}
