import { EventEmitter } from "node:events";
import { listenForInterrupts } from "../../cli/signals";
import { updateFlow } from "../../cli/update-flow";
import { run } from "../../engine/run";
import { fakeConsole } from "../cli/fake-console";
import { project, provider } from "../support/project-of-each-test";

const CHAIN = {
  a: { inputs: { value: 1 } },
  b: { inputs: { value: 2 }, from: ["a"] },
  c: { inputs: { value: 3 }, from: ["b"] },
};

/** `up` as the command line runs it, with signals that the test sends. */
async function up(signals: EventEmitter): Promise<{ code: number; said: string }> {
  const console = fakeConsole();
  const said: string[] = [];
  const interrupts = listenForInterrupts(signals as unknown as NodeJS.Process, text => said.push(text));
  const screen = {
    live: false,
    colours: false,
    write: (text: string) => said.push(text),
    size: () => ({ columns: 80, rows: 24 }),
  };
  const prepared = {
    kind: "up" as const,
    projectRoot: project.root,
    stack: "dev",
    passphrase: project.passphrase,
    plugins: { address: async () => project.address },
    parallel: 4,
    continueOnError: true,
  };
  const tools = { run, console, screen, interactive: false, interrupts, now: () => 0 };
  try {
    return { code: await updateFlow(prepared, { yes: true, skipPreview: true }, tools), said: said.join("\n") };
  } finally {
    interrupts.dispose();
  }
}

test("SIGINT once: what runs is finished and recorded, nothing else starts, the lock is given back", async () => {
  project.want(CHAIN);
  const signals = new EventEmitter();
  provider.during = async (_method, name) => {
    if (name !== "b") return;
    signals.emit("SIGINT");
    await new Promise(resolve => setImmediate(resolve));
  };
  const { code, said } = await up(signals);
  expect(code).toBe(1);
  expect(said).toContain("stopping: running steps are finished, no other starts. Interrupt again to cancel them.");
  expect(said).toContain("update canceled");
  expect([...provider.things.keys()]).toEqual(["a-1", "b-2"]);
  expect(project.checkpoint.resources?.map(state => state.id)).toEqual(expect.arrayContaining(["a-1", "b-2"]));
  expect(project.checkpoint.pending_operations).toBeUndefined();
  provider.during = () => {};
  expect((await project.run("up")).exitCode).toBe(0);
  expect(project.steps).toEqual(["create c"]);
});

test("SIGINT twice: the provider is told to cancel, the step fails, the state is valid and the lock given back", async () => {
  project.want(CHAIN);
  const signals = new EventEmitter();
  provider.during = async (_method, name) => {
    if (name !== "b") return;
    const cancelled = new Promise<void>(resolve => {
      provider.onCancel = resolve;
    });
    signals.emit("SIGINT");
    signals.emit("SIGINT");
    await cancelled;
    throw new Error("given up in the middle");
  };
  const { code, said } = await up(signals);
  expect(code).toBe(1);
  expect(said).toContain("cancelling the running steps");
  expect(said).toContain("given up in the middle");
  expect([...provider.things.keys()]).toEqual(["a-1"]);
  expect(project.checkpoint.pending_operations).toBeUndefined();
  provider.during = () => {};
  expect((await project.run("up")).exitCode).toBe(0);
  expect(project.steps).toEqual(["create b", "create c"]);
});
