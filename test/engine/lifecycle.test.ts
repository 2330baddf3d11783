import { cancelStack, exportStack, stackHistory, stackOutputs } from "../../engine/stacks";
import { LockedError } from "../../engine/state/lock";
import { project, provider } from "../support/project-of-each-test";

const CHAIN = {
  a: { inputs: { value: 1 } },
  b: { inputs: { value: 2 }, from: ["a"] },
  c: { inputs: { value: 3 }, from: ["b"] },
};

test("preview changes nothing and writes nothing", async () => {
  project.want(CHAIN);
  const before = project.checkpointText;
  const result = await project.run("preview");
  expect(result).toMatchObject({ result: "succeeded", exitCode: 0, hasChanges: true, changes: { create: 4 } });
  expect(provider.mutations).toEqual([]);
  expect(project.checkpointText).toBe(before);
  expect(project.events.at(-1)).toHaveProperty("cancelEvent");
});

test("create, no-op, update, replace, delete, destroy", async () => {
  project.want(CHAIN);
  expect((await project.run("up")).changes).toEqual({ create: 4 });
  expect(provider.mutations).toEqual(["create a", "create b", "create c"]);

  expect(await project.run("up", { expectNoChanges: true })).toMatchObject({ exitCode: 0, hasChanges: false });
  expect(project.steps).toEqual([]);

  project.want({ ...CHAIN, c: { inputs: { value: 30 }, from: ["b"] } });
  expect((await project.run("up", { expectNoChanges: true })).exitCode).toBe(7);
  expect(project.steps).toEqual(["update c"]);

  project.want({ ...CHAIN, a: { inputs: { value: 1, kind: "new" } }, c: { inputs: { value: 30 }, from: ["b"] } });
  await project.run("up");
  expect(project.steps).toEqual(["create-replacement a", "replace a", "update b", "delete-replaced a"]);

  project.want({ a: { inputs: { value: 1, kind: "new" } } });
  await project.run("up");
  expect(provider.mutations.slice(-2)).toEqual(["delete c", "delete b"]);

  await project.run("destroy");
  expect(provider.things.size).toBe(0);
  expect(project.checkpoint.resources).toBeUndefined();
  expect(stackHistory(project.root, "dev").map(entry => entry.kind)).toEqual([
    "destroy",
    "update",
    "update",
    "update",
    "update",
    "update",
  ]);
});

test("a refresh sees drift, and `up` with refresh repairs it", async () => {
  project.want(CHAIN);
  await project.run("up");
  provider.things.delete("c-3");
  provider.things.set("a-1", { value: 99, made: 1 });
  expect((await project.run("preview", { refreshFirst: true })).changes).toMatchObject({ update: 1, create: 1 });
  await project.run("up", { refreshFirst: true });
  expect(provider.things.get("a-1")).toEqual({ value: 1, made: 1 });
  expect([...provider.things.keys()].sort()).toEqual(["a-1", "b-2", "c-4"]);
});

test("after a failure midway the rest is done by the next run", async () => {
  project.want({ ...CHAIN, other: { inputs: { value: 4 } } });
  provider.during = (_method, name) => {
    if (name === "b") throw new Error("no room");
  };
  const failed = await project.run("up", { continueOnError: true });
  expect(failed).toMatchObject({ result: "failed", exitCode: 1 });
  expect(project.errors).toEqual(["no room", "update failed"]);
  expect([...provider.things.keys()].map(id => id.split("-")[0]).sort()).toEqual(["a", "other"]);
  expect(project.checkpoint.pending_operations).toBeUndefined();

  provider.during = () => {};
  expect((await project.run("up")).result).toBe("succeeded");
  expect(project.steps.sort()).toEqual(["create b", "create c"]);
});

test("a thing made in part: its outputs are known to the program, its dependents are left out, the rest is done", async () => {
  project.want({ ...CHAIN, other: { inputs: { value: 4 } } });
  provider.halfMade.set("b", "node-2 is out of reach");
  const failed = await project.run("up", { continueOnError: true });
  expect(failed).toMatchObject({ result: "failed", exitCode: 1 });
  expect(project.errors[0]).toContain("node-2 is out of reach");
  expect(provider.mutations.sort()).toEqual(["create a", "create b", "create other"]);
  const place = { projectRoot: project.root, stack: "dev", passphrase: project.passphrase };
  expect(await stackOutputs(place, false)).toMatchObject({ a: 1, b: 2, other: 4 });

  provider.halfMade.clear();
  expect((await project.run("up")).result).toBe("succeeded");
  expect(project.steps.sort()).toEqual(["create c", "update b"]);
});

test("killed inside a create: the lock says who, and the next run goes on and warns", async () => {
  project.want(CHAIN);
  provider.during = (_method, name) => {
    if (name === "b") project.saveState();
  };
  await project.run("up");
  provider.during = () => {};
  project.restoreState();
  expect(project.checkpoint.pending_operations).toHaveLength(1);
  expect(project.checkpoint.resources?.map(state => state.id)).toContain("a-1");

  await expect(project.run("up")).rejects.toThrow(LockedError);
  await expect(project.run("up")).rejects.toThrow(`pid ${process.pid}`);
  expect(cancelStack(project.root, "dev")).toBe(1);

  expect((await project.run("up")).result).toBe("succeeded");
  expect(project.events.some(event => event.diagnosticEvent?.message.includes("interrupted while creating"))).toBe(
    true,
  );
  expect(project.steps).toEqual(["create b", "create c"]);
  await project.run("refresh", { clearPendingCreates: true });
  expect(project.checkpoint.pending_operations).toBeUndefined();
});

test("a program that throws shows its message alone, and deletes nothing", async () => {
  project.want(CHAIN);
  await project.run("up");
  project.want({}, "hosts: line 3: unknown key 'nam'");
  expect((await project.run("up")).exitCode).toBe(1);
  expect(project.errors.join("\n").trim()).toBe("hosts: line 3: unknown key 'nam'");
  expect(provider.things.size).toBe(3);
  expect(
    await stackOutputs({ projectRoot: project.root, stack: "dev", passphrase: project.passphrase }, false),
  ).toEqual({
    a: 1,
    b: 2,
    c: 3,
  });
});

test("secrets are encrypted at rest, hidden in events, and unchanged ciphertexts stay", async () => {
  project.want({ a: { inputs: { value: "hunter2" }, secret: true }, b: { inputs: { value: 1 } } });
  await project.run("up");
  const first = project.checkpointText;
  expect(first).not.toContain("hunter2");
  expect(JSON.stringify(project.events)).not.toContain("hunter2");
  const place = { projectRoot: project.root, stack: "dev", passphrase: project.passphrase };
  expect(await stackOutputs(place, false)).toEqual({ a: "[secret]", b: 1 });
  expect(await stackOutputs(place, true)).toEqual({ a: "hunter2", b: 1 });
  expect(JSON.stringify(await exportStack(place, false))).not.toContain("hunter2");

  project.want({ a: { inputs: { value: "hunter2" }, secret: true }, b: { inputs: { value: 2 } } });
  await project.run("up");
  const ciphertexts = (text: string): string[] =>
    [...text.matchAll(/"ciphertext":"([^"]+)"/g)].map(match => match[1] ?? "").sort();
  expect(ciphertexts(project.checkpointText)).toEqual(ciphertexts(first));
});

test("a wrong passphrase is told as such, and nothing is touched", async () => {
  project.want(CHAIN);
  project.passphrase = "wrong";
  await expect(project.run("up")).rejects.toThrow(/incorrect passphrase/);
  expect(provider.mutations).toEqual([]);
});

test("the first stop finishes what runs and leaves a valid state", async () => {
  project.want(CHAIN);
  const stop = new AbortController();
  provider.during = (_method, name) => {
    if (name === "b") stop.abort();
  };
  expect((await project.run("up", { stop: stop.signal })).result).toBe("failed");
  expect([...provider.things.keys()]).toEqual(["a-1", "b-2"]);
  expect(project.checkpoint.pending_operations).toBeUndefined();
  provider.during = () => {};
  await project.run("up");
  expect(project.steps).toEqual(["create c"]);
});
