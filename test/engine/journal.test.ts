import { bareState, type ResourceState, type Snapshot } from "../../engine/resource";
import { type CheckpointWriter, Journal } from "../../engine/state/journal";

const thing = (name: string): ResourceState =>
  bareState(`urn:pulumi:dev::demo::demo:index:Thing::${name}`, "demo:index:Thing", true);

/** A disk whose writes end when the test says so. */
class SlowDisk implements CheckpointWriter {
  readonly begun: Snapshot[] = [];
  private readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  write(snapshot: Snapshot): Promise<void> {
    this.begun.push(snapshot);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async land(): Promise<void> {
    this.waiting.shift()?.resolve();
    await settled();
  }

  async fail(): Promise<void> {
    this.waiting.shift()?.reject(new Error("no space left on device"));
    await settled();
  }
}

/** All that can go on without the disk has gone on. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  return (await Promise.race([promise.catch(() => undefined), settled().then(() => open)])) !== open;
}

test("an operation may start only once a checkpoint that names it has landed", async () => {
  const disk = new SlowDisk();
  const journal = new Journal({ resources: [], pendingOperations: [] }, disk);
  const started = journal.begin({ type: "creating", resource: thing("a") });
  await settled();
  expect(disk.begun[0]?.pendingOperations.map(operation => operation.resource.urn)).toEqual([thing("a").urn]);
  expect(await isSettled(started)).toBe(false);
  await disk.land();
  expect(await isSettled(started)).toBe(true);
});

test("what comes while a checkpoint is being written shares the next one", async () => {
  const disk = new SlowDisk();
  const journal = new Journal({ resources: [], pendingOperations: [] }, disk);
  const first = journal.begin({ type: "creating", resource: thing("first") });
  await settled();
  const others = ["a", "b", "c"].map(name => journal.begin({ type: "creating", resource: thing(name) }));
  await disk.land();
  expect(await isSettled(first)).toBe(true);
  expect(await isSettled(Promise.race(others))).toBe(false);
  await disk.land();
  await Promise.all(others);
  expect(disk.begun).toHaveLength(2);
  expect(disk.begun[1]?.pendingOperations).toHaveLength(4);
});

test("steps that change nothing write nothing while the run goes on, and one checkpoint at its end", async () => {
  const disk = new SlowDisk();
  const olds = Array.from({ length: 50 }, (_, index) => thing(`t${index}`));
  const journal = new Journal({ resources: olds, pendingOperations: [] }, disk);
  for (const old of olds) await journal.end(undefined, old, { ...old });
  await settled();
  expect(disk.begun).toHaveLength(0);
  const closed = journal.close();
  await settled();
  await disk.land();
  await closed;
  expect(disk.begun).toHaveLength(1);
});

test("a checkpoint that can't be written keeps its step from starting, and is tried once more at the end", async () => {
  const disk = new SlowDisk();
  const journal = new Journal({ resources: [], pendingOperations: [] }, disk);
  const started = journal.begin({ type: "creating", resource: thing("a") });
  const operation = started.then(
    () => "started",
    (error: Error) => error.message,
  );
  await settled();
  await disk.fail();
  expect(await operation).toBe("no space left on device");
  journal.record(undefined, thing("b"));
  const closed = journal.close();
  await settled();
  expect(disk.begun[1]?.resources.map(state => state.urn)).toEqual([thing("b").urn]);
  await disk.land();
  await closed;
});
