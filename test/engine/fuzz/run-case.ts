import { EMPTY_SNAPSHOT, type Snapshot } from "../../../engine/resource";
import { nameOf } from "../../../engine/urn";
import { equalValues, revealSecrets } from "../../../wire/values";
import type { Declared, FuzzCase, Run } from "./case";
import { type InProcessResult, type InProcessRun, reread, runInProcess } from "./engine";
import { edited, importIdOf, type Placed, place } from "./program";
import { faultsOfState, isThing, untold } from "./validity";
import { keyOf, World } from "./world";

/** Texts that only a defect of the engine itself can bring about. */
const INTERNAL =
  /Cannot read|is not a function|is not iterable|unknown provider|is not of this run|no planned state|has no step/;

/** A stack through all runs of a case, then with a provider in good health. @throws Error with everything that is wrong */
export async function runCase(random: FuzzCase): Promise<void> {
  const stack = new FuzzStack(random);
  let program = random.program;
  for (const [index, run] of random.runs.entries()) {
    program = edited(program, run.edits);
    await stack.run(run, program);
    stack.verify(`run ${index + 1} (${run.kind})`);
  }
  await stack.converge(program);
}

class FuzzStack {
  private readonly world: World;
  /** As it lies on the disk. */
  private written: Snapshot = EMPTY_SNAPSHOT;
  private readonly violations: string[] = [];
  private needsRefresh = false;

  constructor({ timing }: FuzzCase) {
    this.world = new World(timing);
  }

  async run(run: Run, program: readonly Declared[]): Promise<InProcessResult> {
    const { world } = this;
    const placed = place(program);
    this.drift(run);
    world.faults = run.faults;
    world.frozen = run.kind === "preview";
    for (const each of placed) {
      const { value = 0, sort = 0, imported } = each.of;
      if (imported) world.seed(importIdOf(each), { value, sort });
    }
    const stop = new AbortController();
    let mutations = 0;
    world.mutated = () => {
      this.check("after a mutation", untold(this.written, world));
      if (mutations === run.stopIn) stop.abort();
      mutations += 1;
    };
    const urns = (keys: readonly number[] | undefined): string[] | undefined =>
      keys?.flatMap(key => [
        ...new Set([
          ...placed.filter(each => each.of.key === key).map(each => each.urn),
          ...this.written.resources
            .filter(state => isThing(state) && keyOf(nameOf(state.urn)) === key)
            .map(state => state.urn),
        ]),
      ]);
    const started = reread(this.written);
    if (run.clearPendingCreates && run.kind === "refresh") this.forgive(started);
    const result = await this.engine(
      {
        options: {
          kind: run.kind,
          parallel: run.parallel,
          continueOnError: run.continueOnError,
          refreshFirst: run.refreshFirst,
          targets: urns(run.targets),
          excludes: run.targets === undefined ? urns(run.excludes) : undefined,
          targetDependents: run.targetDependents,
          replaces: urns(run.replaces),
          clearPendingCreates: run.clearPendingCreates,
          stop: stop.signal,
        },
        start: started,
        program: placed,
        world,
        throwsAfter: run.throwsAfter,
      },
      run.killAfterWrite,
    );
    return result;
  }

  /** Up, no change after it, everything as declared, and nothing left after a destroy. */
  async converge(last: readonly Declared[]): Promise<void> {
    const program = last.map(each => ({ ...each, protect: undefined, imported: undefined }));
    const healthy = { edits: [], parallel: 4, faults: [], drift: [] } as const;
    this.written = {
      ...this.written,
      resources: this.written.resources.map(state => ({ ...state, protect: undefined })),
    };
    if (this.needsRefresh) {
      this.check(
        "refresh",
        (await this.run({ ...healthy, kind: "refresh", clearPendingCreates: true }, program)).errors,
      );
      this.verify("refresh of a healthy provider");
      // What is only still to be deleted is not read.
      const toGo = new Set(this.written.resources.filter(state => state.delete).map(state => state.id));
      for (const id of this.world.drifted) if (!toGo.has(id)) this.world.drifted.delete(id);
    }
    this.check("errors", (await this.run({ ...healthy, kind: "up" }, program)).errors);
    this.verify("up with a healthy provider");
    this.asDeclared(place(program));
    this.verify("what the up came to");
    const preview = await this.run({ ...healthy, kind: "preview" }, program);
    this.check("errors", preview.errors);
    for (const [op, count] of Object.entries(preview.changes)) {
      // An entry without an object, of what was dropped while it was deleted ahead of a replacement: it goes one run later.
      if (!["same", "read", "remove-pending-replace"].includes(op)) this.check("no change", [`${op}: ${count}`]);
    }
    this.verify("preview after it");
    this.check("errors", (await this.run({ ...healthy, kind: "destroy" }, program)).errors);
    this.check(
      "destroy",
      this.written.resources.map(state => `${state.urn} is still in the state`),
    );
    this.verify("destroy");
  }

  /** @throws Error if anything was wrong since the last time */
  verify(when: string): void {
    const found = [...this.violations, ...this.world.violations];
    if (found.length > 0) throw new Error(`${when}:\n  ${[...new Set(found)].join("\n  ")}`);
  }

  private async engine(
    run: Omit<InProcessRun, "onWrite">,
    killAfterWrite: number | undefined,
  ): Promise<InProcessResult> {
    const { world } = this;
    const before = this.written;
    let writes = 0;
    world.dead = false;
    world.begin();
    const onWrite = (snapshot: Snapshot): void => {
      if (world.dead) return;
      this.release(this.written, snapshot);
      this.written = reread(snapshot);
      this.check(`write ${writes}`, [...faultsOfState(this.written), ...untold(this.written, world)]);
      if (writes === killAfterWrite) this.kill();
      writes += 1;
    };
    const result = await runInProcess({ ...run, onWrite });
    const killed = world.dead;
    world.dead = false;
    if (killed) return result;
    this.check(
      "internal",
      result.errors.filter(error => INTERNAL.test(error)),
    );
    if (result.failed && result.errors.length === 0) this.check("failure", ["the run failed and does not say why"]);
    if (!result.failed && result.errors.length > 0) this.check("success", result.errors);
    if (run.options.kind === "preview" && this.written !== before) this.check("preview", ["it wrote the state"]);
    const { pendingOperations } = result.snapshot;
    const leftover = run.options.kind === "preview" ? [] : pendingOperations.filter(({ type }) => type !== "creating");
    this.check(
      "pending",
      leftover.map(({ type, resource }) => `${type} ${resource.urn} is still pending`),
    );
    return result;
  }

  /** What the state says of operations under way may be wrong from now on; the next run warns of it. */
  private kill(): void {
    const { resources, pendingOperations } = this.written;
    const keys = new Set(pendingOperations.map(({ resource }) => keyOf(nameOf(resource.urn))));
    for (const { urn, id = "" } of resources) if (keys.has(keyOf(nameOf(urn)))) this.world.drifted.add(id);
    this.world.dead = true;
    this.needsRefresh = true;
  }

  private check(what: string, faults: readonly string[]): void {
    this.violations.push(...faults.map(fault => `${what}: ${fault}`));
  }

  private drift(run: Run): void {
    for (const { key, to } of run.drift) {
      for (const [id, thing] of this.world.things) {
        if (thing.free || keyOf(nameOf(thing.urn)) !== key) continue;
        this.needsRefresh = true;
        this.world.drifted.add(id);
        if (to === "gone") this.world.things.delete(id);
        else this.world.things.set(id, { ...thing, properties: { ...thing.properties, value: 99 } });
      }
    }
  }

  /** Things that left the state without a Delete, as they may: retained, or said to go with another. Things that came into it are ours. */
  private release(before: Snapshot, after: Snapshot): void {
    const { things } = this.world;
    const there = new Set(after.resources.filter(isThing).map(state => state.id));
    for (const state of before.resources.filter(isThing)) {
      const thing = things.get(state.id ?? "");
      if (thing === undefined || there.has(state.id)) continue;
      if (state.retainOnDelete || state.external || state.deletedWith !== undefined)
        things.set(state.id ?? "", { ...thing, free: true });
    }
    for (const state of after.resources.filter(isThing)) {
      const thing = things.get(state.id ?? "");
      if (thing?.free && !state.external) things.set(state.id ?? "", { ...thing, urn: state.urn, free: false });
    }
  }

  /** Pending creations were forgotten on demand. */
  private forgive({ pendingOperations }: Snapshot): void {
    const urns = new Set(pendingOperations.map(({ resource }) => resource.urn));
    const told = new Set(this.written.resources.map(state => state.id));
    for (const [id, thing] of this.world.things) {
      if (!told.has(id) && urns.has(thing.urn)) this.world.things.set(id, { ...thing, free: true });
    }
  }

  private asDeclared(program: readonly Placed[]): void {
    for (const each of program) {
      const states = this.written.resources.filter(state => state.urn === each.urn);
      const [state] = states;
      if (state === undefined || states.length > 1)
        this.check("declared", [`${each.urn} is ${states.length} times in the state`]);
      else if (each.of.kind === "thing" && each.of.ignoreChanges === undefined) {
        const value = this.world.things.get(state.id ?? "")?.properties.value;
        if (!equalValues(revealSecrets(value ?? null), each.of.value ?? 0)) {
          this.check("declared", [`${each.urn} has the value ${String(value)}`]);
        }
      }
    }
  }
}
