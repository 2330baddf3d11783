import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import { Secret, type ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { initFailure, ProviderClient } from "../support/provider-client";

const FILE = "muster:index:File";

describe("File on a host behind a real sshd", () => {
  const cleanup = new Cleanup();
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;
  let folder: string;
  let audit: string;
  const at = (name: string) => path.join(folder, name);
  const auditLines = () => {
    try {
      return readFileSync(audit, "utf8")
        .trim()
        .split("\n")
        .map(line => JSON.parse(line).what as string);
    } catch {
      return [];
    }
  };

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "muster-file-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    audit = at("audit.log");
    server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    client = new ProviderClient(await server.address("muster"));
    cleanup.add(() => client.close());
    await client.configure({ cluster: "demo", hosts: [sshd.host() as unknown as ValueMap], auditLog: audit });
  });
  afterEach(cleanup.run);

  /** Check and create, as an engine does it. */
  async function make(args: ValueMap) {
    const { inputs, failures } = await client.check(FILE, { host: "node-1", ...args });
    expect(failures).toEqual([]);
    return { inputs, ...(await client.create(FILE, inputs)) };
  }

  test("is written with mode and content, read back without a difference, and deleted", async () => {
    const made = await make({ path: at("a/b/hosts"), content: "one\ntwo\n", mode: "0640" });
    expect(readFileSync(at("a/b/hosts"), "utf8")).toBe("one\ntwo\n");
    expect(statSync(at("a/b/hosts")).mode & 0o7777).toBe(0o640);
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs).toEqual(made.inputs);
    expect(found.outputs).toEqual(made.outputs);
    await client.delete(FILE, made.id, made.outputs, made.inputs);
    expect(() => statSync(at("a/b/hosts"))).toThrow("ENOENT");
    expect(auditLines()).toEqual([`write ${at("a/b/hosts")}`, `remove ${at("a/b/hosts")}`]);
  });

  test("an edited file shows its new text as drift and is repaired by one write", async () => {
    const made = await make({ path: at("hosts"), content: "one\n" });
    writeFileSync(at("hosts"), "edited\n");
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs.content).toBe("edited\n");
    const diff = await client.diff(FILE, found.outputs, found.inputs, made.inputs);
    expect(diff.detailed).toEqual({ content: 4 });
    const updated = await client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    expect(readFileSync(at("hosts"), "utf8")).toBe("one\n");
    expect(updated.changed).not.toBe(made.outputs.changed);
    expect(auditLines()).toHaveLength(2);
  });

  test("a changed mode is repaired by chmod alone and does not fire the trigger", async () => {
    const made = await make({ path: at("hosts"), content: "one\n" });
    chmodSync(at("hosts"), 0o666);
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs.mode).toBe("0666");
    const updated = await client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    expect(statSync(at("hosts")).mode & 0o777).toBe(0o644);
    expect(updated.changed).toBe(made.outputs.changed);
    expect(auditLines().at(-1)).toBe(`set mode and owner of ${at("hosts")}`);
  });

  test("a deleted file reads as gone", async () => {
    const made = await make({ path: at("hosts"), content: "one\n" });
    rmSync(at("hosts"));
    expect((await client.read(FILE, made.id, made.outputs, made.inputs)).id).toBe("");
  });

  test("secret content stays secret in state, drift and log", async () => {
    const made = await make({ path: at("env"), content: new Secret("TOKEN=hunter2-hunter2") });
    expect(made.outputs.content).toBeInstanceOf(Secret);
    expect(made.outputs.digest).toBeInstanceOf(Secret);
    writeFileSync(at("env"), "TOKEN=other-secret");
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs.content).toEqual(new Secret("TOKEN=other-secret"));
    expect(readFileSync(audit, "utf8")).not.toContain("hunter2");
  });

  test("a parent that is a symbolic link is refused, and nothing is written through it", async () => {
    symlinkSync(tmpdir(), at("link"));
    const failure = make({ path: `${at("link")}/muster-never`, content: "x" });
    await expect(failure).rejects.toThrow(/is a symbolic link to .*give the real path/s);
    expect(() => statSync(path.join(tmpdir(), "muster-never"))).toThrow("ENOENT");
  });

  test("a directory that is not empty, or was there before, stays", async () => {
    const made = await make({ path: at("d"), directory: true, mode: "0700" });
    writeFileSync(at("d/users"), "kept");
    await client.delete(FILE, made.id, made.outputs, made.inputs);
    expect(readFileSync(at("d/users"), "utf8")).toBe("kept");
    const adopted = await make({ path: at("d"), directory: true });
    expect(adopted.outputs.made).toBe(false);
    rmSync(at("d/users"));
    await client.delete(FILE, adopted.id, adopted.outputs, adopted.inputs);
    expect(statSync(at("d")).isDirectory()).toBe(true);
  });

  test("a local file is uploaded, and drift is seen by its digest", async () => {
    const source = at("source.bin");
    writeFileSync(source, Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256)));
    const made = await make({ path: at("uploaded"), source });
    expect(readFileSync(at("uploaded")).equals(readFileSync(source))).toBe(true);
    writeFileSync(at("uploaded"), "short");
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect((await client.diff(FILE, found.outputs, found.inputs, made.inputs)).detailed).toEqual({ sha256: 4 });
  });

  test("import finds the file by host and path", async () => {
    writeFileSync(at("hosts"), "there\n", { mode: 0o600 });
    const found = await client.read(FILE, `node-1:${at("hosts")}`);
    expect(found.inputs).toMatchObject({ host: "node-1", path: at("hosts"), content: "there\n", mode: "0600" });
  });

  test("an unreachable host keeps its state on read, with a reason, and fails on delete unless it is given up", async () => {
    const made = await make({ path: at("hosts"), content: "x".repeat(60_000) });
    const gone = { ...sshd.host(), port: 1, connectTimeoutSeconds: 1 } as unknown as ValueMap;
    await client.configure({ cluster: "demo", hosts: [gone], auditLog: audit });
    const error = await client.read(FILE, made.id, made.outputs, made.inputs).catch((failure: unknown) => failure);
    expect(initFailure(error)).toMatchObject({ id: made.id, outputs: { changed: made.outputs.changed } });
    await expect(client.delete(FILE, made.id, made.outputs, made.inputs)).rejects.toThrow("MUSTER_FORGET_HOSTS=node-1");
    process.env.MUSTER_FORGET_HOSTS = "node-9, node-1";
    try {
      await client.delete(FILE, made.id, made.outputs, made.inputs);
    } finally {
      delete process.env.MUSTER_FORGET_HOSTS;
    }
  });
});
