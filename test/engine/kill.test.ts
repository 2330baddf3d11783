import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_SNAPSHOT, type Snapshot } from "../../engine/resource";
import { type Backend, checkpointPath } from "../../engine/state/backend";
import { CheckpointFile } from "../../engine/state/checkpoint";
import { deserializeSnapshot } from "../../engine/state/deployment";
import { readDeployment } from "../../engine/state/stored-deployment";
import { Cleanup } from "../support/cleanup";
import type { Declared } from "./fuzz/case";
import { CIPHER, type InProcessResult, reread, runInProcess } from "./fuzz/engine";
import { PROJECT, place, STACK } from "./fuzz/program";
import { faultsOfState, isThing } from "./fuzz/validity";
import { type Thing, World } from "./fuzz/world";

/**
 * A lifecycle whose state folder is copied at every write, with what the provider's world is like at that moment: right after the
 * write, and at the last moment before the next one. Each copy is what a kill leaves; the same command takes it up again.
 */
const cleanup = new Cleanup();
afterEach(cleanup.run);

interface Copy {
  readonly folder: string;
  readonly things: ReadonlyMap<string, Thing>;
  readonly when: string;
}

/** Three of a kind under each of ten keys: 30 resources, with chains, components and secrets. */
function thirty(change: (each: Declared, place: number) => Declared | undefined): Declared[] {
  const all = Array.from({ length: 30 }, (_, key): Declared => {
    if (key % 10 === 0) return { key, kind: "component" };
    return {
      key,
      kind: "thing",
      value: key,
      sort: 0,
      parent: key - (key % 10),
      ...(key % 10 > 1 && { from: [key - 1] }),
      ...(key % 5 === 2 && { secret: true }),
    };
  });
  return all.flatMap((each, place) => change(each, place) ?? []);
}

const CREATED = thirty(each => each);
/** Updates, replacements in both orders with what depends on them, deletions, new ones. */
const CHANGED = [
  ...thirty((each, place) => {
    if (place % 10 === 9) return undefined;
    if (place % 10 === 3) return { ...each, value: 100 };
    if (place % 10 === 5) return { ...each, sort: 1 };
    if (place % 10 === 7) return { ...each, sort: 1, deleteBeforeReplace: true };
    return place % 10 === 8 ? { ...each, pinned: [place - 1] } : each;
  }),
  { key: 30, kind: "thing", value: 1 } as const,
  { key: 31, kind: "thing", value: 1, from: [30] } as const,
];

/** A bound for a busy machine, not a measurement. */
const TIMEOUT_MS = 10 * 60_000;
const PHASES = [
  { kind: "up", program: CREATED },
  { kind: "up", program: CHANGED },
  { kind: "destroy", program: CHANGED },
] as const;

class Lifecycle {
  readonly world = new World(3);
  readonly copies: Copy[] = [];
  state: Snapshot = EMPTY_SNAPSHOT;
  private readonly folder = mkdtempSync(join(tmpdir(), "muster-kill-"));
  private readonly backend: Backend = { root: join(this.folder, "state"), project: PROJECT };

  constructor() {
    cleanup.add(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** A run that writes the state, and copies it at every write. */
  async recorded(kind: "up" | "destroy", program: readonly Declared[]): Promise<InProcessResult> {
    const file = new CheckpointFile(this.backend, STACK, CIPHER, new WeakMap());
    let writes = 0;
    return this.run(kind, program, async snapshot => {
      if (writes > 0) this.copy(`${kind}, in write ${writes}`, true);
      await file.write(snapshot);
      this.copy(`${kind}, after write ${writes}`, false);
      writes += 1;
    });
  }

  /** A run of which only the end counts. */
  async run(
    kind: "up" | "preview" | "destroy",
    program: readonly Declared[],
    onWrite: (snapshot: Snapshot) => Promise<void> = async () => {},
  ): Promise<InProcessResult> {
    const { world, state: start } = this;
    world.frozen = kind === "preview";
    const result = await runInProcess({
      options: { kind, parallel: 4 },
      start,
      program: place(program),
      world,
      onWrite,
    });
    if (kind !== "preview") this.state = reread(result.snapshot);
    return result;
  }

  /** What a kill at this moment leaves; within a write the file beside the state is there by half. */
  private copy(when: string, halfWritten: boolean): void {
    const folder = join(this.folder, `copy-${this.copies.length}`);
    rmSync(folder, { recursive: true, force: true });
    cpSync(this.backend.root, folder, { recursive: true });
    if (halfWritten) {
      const path = checkpointPath({ ...this.backend, root: folder }, STACK);
      const text = readFileSync(path);
      writeFileSync(`${path}.tmp`, text.subarray(0, text.length / 2));
    }
    this.copies.push({ folder, things: new Map(this.world.things), when });
  }

  takeUp({ folder, things }: Copy): void {
    const deployment = readDeployment({ ...this.backend, root: folder }, STACK);
    this.state = deserializeSnapshot(deployment, CIPHER, new WeakMap());
    this.world.things.clear();
    for (const [id, thing] of things) this.world.things.set(id, thing);
    this.world.drifted.clear();
    // A thing whose Delete was under way may be gone: it is deleted again.
    const pending = new Set(this.state.pendingOperations.map(({ resource }) => resource.urn));
    for (const { urn, id = "" } of this.state.resources) if (pending.has(urn)) this.world.drifted.add(id);
  }

  /** Things of the world that the state does not have. */
  get leaked(): Thing[] {
    const known = new Set(this.state.resources.map(state => state.id));
    return [...this.world.things].flatMap(([id, thing]) => (known.has(id) || thing.free ? [] : [thing]));
  }
}

test(
  "a copy of the state at every write of 30 resources' lifecycle loads, and the same command converges",
  async () => {
    const life = new Lifecycle();
    for (const { kind, program } of PHASES) {
      expect((await life.recorded(kind, program)).errors).toEqual([]);
      const copies = life.copies.splice(0);
      expect(copies.length).toBeGreaterThan(20);
      for (const copy of copies) await converges(life, copy, kind, program);
      // The next phase goes on from the end of this one.
      for (const last of copies.slice(-1)) life.takeUp(last);
    }
  },
  TIMEOUT_MS,
);

async function converges(
  life: Lifecycle,
  copy: Copy,
  kind: "up" | "destroy",
  program: readonly Declared[],
): Promise<void> {
  life.takeUp(copy);
  const { when } = copy;
  expect({ when, faults: faultsOfState(life.state) }).toEqual({ when, faults: [] });
  const again = await life.run(kind, program);
  const changes = kind === "up" ? Object.keys((await life.run("preview", program)).changes) : ["same"];
  const dangling = life.state.resources.filter(state => isThing(state) && !life.world.things.has(state.id ?? ""));
  const { violations } = life.world;
  expect({ when, errors: again.errors, changes, dangling, violations }).toEqual({
    when,
    errors: [],
    changes: ["same"],
    dangling: [],
    violations: [],
  });
  const said = again.events.map(({ diagnosticEvent: event }) => event?.message ?? "").join("\n");
  for (const { urn } of life.leaked) expect(said).toContain(`${urn}, interrupted while creating`);
  if (kind === "destroy") expect(life.state.resources).toEqual([]);
}
