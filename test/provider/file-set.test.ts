import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const SET = "muster:index:FileSet";
const FILE = "muster:index:File";
const cleanup = new Cleanup();
let sshd: Sshd;
let server: ProviderServer;
let client: ProviderClient;
let folder: string;
const at = (name: string) => path.join(folder, name);

beforeAll(async () => {
  sshd = await Sshd.start();
});
afterAll(() => sshd.stop());
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-set-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  server = await startProviderServer({ packages, services: newServices() });
  cleanup.add(() => server.stop());
  client = new ProviderClient(await server.address("muster"));
  cleanup.add(() => client.close());
  const hosts = [sshd.host() as unknown as ValueMap];
  await client.configure({ cluster: "demo", hosts, auditLog: at("audit.log") });
  for (const name of ["a.py", "b.py", "empty.py"]) local(name, name === "empty.py" ? "" : `print("${name}")\n`);
});
afterEach(cleanup.run);

const local = (name: string, text: string) => {
  mkdirSync(at("local"), { recursive: true });
  writeFileSync(at(`local/${name}`), text);
};
const far = (name: string) => readFileSync(at(`tools/${name}`), "utf8");
const audit = () =>
  readFileSync(at("audit.log"), "utf8")
    .trim()
    .split("\n")
    .map(line => JSON.parse(line).what as string);

async function checked(names: readonly string[]): Promise<ValueMap> {
  const sources = Object.fromEntries(names.map(name => [name, at(`local/${name}`)]));
  const { inputs, failures } = await client.check(SET, { host: "node-1", folder: at("tools"), sources, mode: "0755" });
  expect(failures).toEqual([]);
  return inputs;
}

async function make(names: readonly string[]) {
  const inputs = await checked(names);
  return { inputs, ...(await client.create(SET, inputs)) };
}

/** What a refresh sees, and how it differs from what is declared now. */
async function refreshed(made: Awaited<ReturnType<typeof make>>, news: ValueMap) {
  const read = await client.read(SET, made.id, made.outputs, made.inputs);
  const { detailed, changes } = await client.diff(SET, read.outputs, read.inputs, news);
  return { ...read, changed: Object.keys(detailed).sort(), changes };
}

test("files of a set are written by one command, whole and with their mode; a second look finds nothing to do", async () => {
  const made = await make(["a.py", "b.py", "empty.py"]);
  expect([far("a.py"), far("b.py"), far("empty.py")]).toEqual(['print("a.py")\n', 'print("b.py")\n', ""]);
  expect(statSync(at("tools/empty.py")).mode & 0o7777).toBe(0o755);
  expect(readdirSync(at("tools")).sort()).toEqual([".muster-set", "a.py", "b.py", "empty.py"]);
  expect(audit()).toEqual([`write a.py, b.py, empty.py in ${at("tools")}`]);
  expect((await refreshed(made, made.inputs)).changed).toEqual([]);
});

test("a file that was changed, lost, closed or made a link is named, and only that is repaired", async () => {
  const made = await make(["a.py", "b.py", "empty.py"]);
  writeFileSync(at("tools/theirs"), "stays");
  const before = statSync(at("tools/b.py")).ino;
  writeFileSync(at("tools/a.py"), "other");
  rmSync(at("tools/empty.py"));
  chmodSync(at("tools/b.py"), 0o600);
  const drifted = await refreshed(made, made.inputs);
  expect(drifted.changed).toEqual(['digests["a.py"]', 'digests["b.py"]', 'digests["empty.py"]']);
  expect((drifted.inputs.digests as ValueMap)["b.py"]).toMatch(/^[0-9a-f]{64} mode 0600$/);
  await client.update(SET, made.id, drifted.outputs, drifted.inputs, made.inputs);
  expect(audit().at(-1)).toBe(`write a.py, empty.py, set mode and owner of b.py in ${at("tools")}`);
  expect(statSync(at("tools/b.py"))).toMatchObject({ ino: before });
  expect((await refreshed(made, made.inputs)).changed).toEqual([]);

  rmSync(at("tools/a.py"));
  symlinkSync("/etc/passwd", at("tools/a.py"));
  const linked = await refreshed(made, made.inputs);
  expect(linked.changed).toEqual(['digests["a.py"]']);
  await client.update(SET, made.id, linked.outputs, linked.inputs, made.inputs);
  expect(far("a.py")).toBe('print("a.py")\n');
  expect(far("theirs")).toBe("stays");
});

test("a file that left the set is removed, one that joined it is written, others in the folder stay", async () => {
  const made = await make(["a.py", "b.py"]);
  writeFileSync(at("tools/theirs"), "stays");
  local("c.py", "c");
  const news = await checked(["a.py", "c.py"]);
  const seen = await refreshed(made, news);
  expect(seen.changed).toEqual(['digests["b.py"]', 'digests["c.py"]']);
  await client.update(SET, made.id, seen.outputs, seen.inputs, news);
  expect(readdirSync(at("tools")).sort()).toEqual([".muster-set", "a.py", "c.py", "theirs"]);
  expect(audit().at(-1)).toBe(`write c.py in ${at("tools")}`);
  await client.delete(SET, made.id, {}, news);
  expect(readdirSync(at("tools"))).toEqual(["theirs"]);
});

test("files that were resources of their own before stay in place when those are deleted", async () => {
  const { inputs } = await client.check(FILE, { host: "node-1", path: at("tools/a.py"), source: at("local/a.py") });
  const single = await client.create(FILE, inputs);
  await make(["a.py", "b.py"]);
  await client.delete(FILE, single.id, single.outputs, inputs);
  expect(far("a.py")).toBe('print("a.py")\n');
  const theirs = { host: "node-1", path: at("tools/theirs"), content: "x" };
  const other = await client.create(FILE, (await client.check(FILE, theirs)).inputs);
  await client.delete(FILE, other.id, other.outputs, theirs);
  expect(existsSync(at("tools/theirs"))).toBe(false);
});

test("a folder with something in it that stands where a file belongs is named, and nothing is changed", async () => {
  const made = await make(["a.py"]);
  mkdirSync(at("tools/b.py"));
  writeFileSync(at("tools/b.py/precious"), "x");
  const news = await checked(["a.py", "b.py"]);
  const update = client.update(SET, made.id, {}, made.inputs, news);
  await expect(update).rejects.toThrow(/a folder that is not empty is in its place/);
  expect(readdirSync(at("tools")).sort()).toEqual([".muster-set", "a.py", "b.py"]);
  expect(far(".muster-set")).toBe("a.py\n");
});

test("a name that a shell would read otherwise is refused", async () => {
  const sources = { "a b": at("local/a.py"), "../x": at("local/a.py") };
  const { failures } = await client.check(SET, { host: "node-1", folder: "/x", sources });
  expect(failures.map(failure => failure.property)).toEqual(["sources.../x", "sources.a b"]);
});
