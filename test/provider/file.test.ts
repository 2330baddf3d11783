import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
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
    expect(auditLines().at(-1)).toBe(`set mode of ${at("hosts")}`);
  });

  test("a changed owner is repaired by chown alone", async () => {
    const made = await make({ path: at("keys"), content: "one\n", mode: "0600" });
    chownSync(at("keys"), 1234, 1234);
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect((await client.diff(FILE, found.outputs, found.inputs, made.inputs)).detailed).toEqual({ owner: 4 });
    const before = statSync(at("keys"));
    await client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    const after = statSync(at("keys"));
    expect([after.uid, after.gid, after.ino, after.mtimeMs]).toEqual([0, 0, before.ino, before.mtimeMs]);
    expect(auditLines().at(-1)).toBe(`set owner of ${at("keys")}`);
  });

  test("a link in its place is shown, and the file takes its place back; what the link led to stays", async () => {
    const made = await make({ path: at("hosts"), content: "one\n" });
    writeFileSync(at("elsewhere"), "one\n");
    rmSync(at("hosts"));
    symlinkSync(at("elsewhere"), at("hosts"));
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs.content).toBe("[not a file: link]");
    const diff = await client.diff(FILE, found.outputs, found.inputs, made.inputs);
    expect([diff.detailed.content, diff.replacesList]).toEqual([4, []]);
    await client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    expect(lstatSync(at("hosts")).isFile()).toBe(true);
    expect(readFileSync(at("elsewhere"), "utf8")).toBe("one\n");
    expect(auditLines()).toHaveLength(2);
  });

  test("an empty folder in its place goes away; what is in a folder is never lost", async () => {
    const made = await make({ path: at("hosts"), content: "one\n" });
    rmSync(at("hosts"));
    mkdirSync(at("hosts"));
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect(found.inputs.content).toBe("[not a file: directory]");
    writeFileSync(at("hosts/precious"), "mine");
    const refused = client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    await expect(refused).rejects.toThrow(/a folder that is not empty is in its place.*Remedy: .*mv .*hosts/s);
    expect(readdirSync(folder).sort()).toEqual(["audit.log", "hosts"]);
    rmSync(at("hosts/precious"));
    await client.update(FILE, made.id, found.outputs, found.inputs, made.inputs);
    expect(readFileSync(at("hosts"), "utf8")).toBe("one\n");
  });

  test("a file in the place of a folder needs the folder made anew", async () => {
    const made = await make({ path: at("d"), directory: true });
    rmSync(at("d"), { recursive: true });
    writeFileSync(at("d"), "");
    const found = await client.read(FILE, made.id, made.outputs, made.inputs);
    expect((await client.diff(FILE, found.outputs, found.inputs, made.inputs)).replacesList).toEqual(["directory"]);
    await client.delete(FILE, made.id, found.outputs, found.inputs);
    await client.create(FILE, made.inputs);
    expect(statSync(at("d")).isDirectory()).toBe(true);
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

  describe("what the disk refuses", () => {
    /** A small file system of its own. */
    function mounted(options: string): string {
      const target = at("disk");
      mkdirSync(target, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", target]);
      cleanup.add(() => execFileSync("umount", [target]));
      return target;
    }

    test("a full disk: path, mount, free space and remedy; nothing of the part stays", async () => {
      const disk = mounted("size=64k");
      const failure = make({ path: `${disk}/big`, content: "x".repeat(200_000) });
      await expect(failure).rejects.toThrow(
        new RegExp(
          `host node-1, ${disk}/big: write .* failed.*${disk} is full: 0 KiB free.*Remedy: make room there: du -xhd1 ${disk}`,
          "s",
        ),
      );
      expect(readdirSync(disk)).toEqual([]);
    });

    test("no inode left", async () => {
      const disk = mounted("size=1m,nr_inodes=2");
      writeFileSync(`${disk}/last`, "");
      await expect(make({ path: `${disk}/one-more`, content: "x" })).rejects.toThrow(/has no inode left, and .* free/);
    });

    test("a read-only file system, also when only the mode has to change", async () => {
      const disk = mounted("size=64k");
      const made = await make({ path: `${disk}/hosts`, content: "x" });
      execFileSync("mount", ["-o", "remount,ro", disk]);
      const failure = make({ path: `${disk}/more`, content: "x" });
      await expect(failure).rejects.toThrow(
        new RegExp(`${disk} \\(tmpfs\\) is mounted read-only.*remount,rw ${disk}`, "s"),
      );
      const chmod = client.update(FILE, made.id, made.outputs, made.inputs, { ...made.inputs, mode: "0600" });
      await expect(chmod).rejects.toThrow(/is mounted read-only/);
      await expect(client.delete(FILE, made.id, made.outputs, made.inputs)).rejects.toThrow(/is mounted read-only/);
    });

    const canAttribute = spawnSync("sh", [
      "-c",
      'f=$(mktemp) && chattr +i "$f" && chattr -i "$f"; c=$?; rm -f "$f"; exit $c',
    ]);
    const immutable = canAttribute.status === 0 ? test : test.skip;
    immutable("an immutable file (skipped where the file system knows no chattr)", async () => {
      const made = await make({ path: at("hosts"), content: "x" });
      execFileSync("chattr", ["+i", at("hosts")]);
      cleanup.add(() => existsSync(at("hosts")) && execFileSync("chattr", ["-i", at("hosts")]));
      const failure = client.update(FILE, made.id, made.outputs, made.inputs, { ...made.inputs, content: "y" });
      await expect(failure).rejects.toThrow(
        new RegExp(`hosts cannot be changed, also by root.*chattr -i ${at("hosts")}`, "s"),
      );
    });
  });

  test("import finds the file by host and path", async () => {
    writeFileSync(at("hosts"), "there\n", { mode: 0o600 });
    const found = await client.read(FILE, `node-1:${at("hosts")}`);
    expect(found.inputs).toEqual({
      host: "node-1",
      path: at("hosts"),
      content: "there\n",
      mode: "0600",
      owner: "root",
    });
    const { inputs } = await client.check(FILE, { host: "node-1", path: at("hosts"), content: "here\n", mode: "0600" });
    expect((await client.diff(FILE, found.outputs, found.inputs, inputs)).detailed).toEqual({ content: 4 });
    await expect(client.read(FILE, "hosts")).rejects.toThrow("host:/absolute/path");
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
