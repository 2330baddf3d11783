import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { relay } from "../../remote/relay";
import { SshHosts } from "../../remote/ssh-hosts";
import { upload } from "../../remote/upload";
import { Sshd } from "./sshd";

let sshd: Sshd;
let pool: ConnectionPool;
let hosts: SshHosts;
let folder: string;
let serial = 0;

beforeAll(async () => {
  sshd = await Sshd.start();
  pool = new ConnectionPool();
  hosts = new SshHosts({ table: [sshd.host(), sshd.host({ name: "node-2" })], pool, redactor: new Redactor() });
});
afterAll(async () => {
  await pool.close();
  await sshd.stop();
});
beforeEach(() => {
  folder = path.join(sshd.folder, `with 'space ${serial++}`);
  mkdirSync(folder);
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("upload", () => {
  const bytes = randomBytes(3_000_000);

  test.each(["text", "file", "stream"] as const)(
    "of a %s: content, mode, nothing else left in the folder",
    async form => {
      const target = path.join(folder, "a file");
      const local = path.join(sshd.folder, "local");
      writeFileSync(local, bytes);
      const content = {
        text: { text: bytes },
        file: { file: local },
        stream: { stream: Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]) },
      }[form];
      expect(await upload(hosts.runner("node-1"), { path: target, content, mode: "0640", owner: "65534:65534" })).toBe(
        sha256(bytes),
      );
      expect(readFileSync(target).equals(bytes)).toBe(true);
      const stat = statSync(target);
      expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o640, 65534, 65534]);
      expect(readdirSync(folder)).toEqual(["a file"]);
    },
  );

  test("replaces a file at once, and a link rather than what it points to", async () => {
    writeFileSync(path.join(folder, "victim"), "untouched");
    symlinkSync("victim", path.join(folder, "link"));
    await upload(hosts.runner("node-1"), { path: path.join(folder, "link"), content: { text: "new" }, mode: "600" });
    expect(readFileSync(path.join(folder, "victim"), "utf8")).toBe("untouched");
    expect(readFileSync(path.join(folder, "link"), "utf8")).toBe("new");
  });

  test("a stream that breaks off leaves the old file and no half one", async () => {
    const target = path.join(folder, "kept");
    writeFileSync(target, "old");
    const breaking = new Readable({ read() {} });
    breaking.push("half");
    const writing = upload(hosts.runner("node-1"), { path: target, content: { stream: breaking }, mode: "600" });
    breaking.destroy(new Error("unplugged"));
    await expect(writing).rejects.toThrow("unplugged");
    expect(readFileSync(target, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["kept"]);
  });

  test("a link on the way that another user could have made is refused", async () => {
    mkdirSync(path.join(folder, "real"));
    symlinkSync("real", path.join(folder, "theirs"));
    lchownSync(path.join(folder, "theirs"), 65534, 65534);
    const write = (name: string) =>
      upload(hosts.runner("node-1"), { path: path.join(folder, name, "file"), content: { text: "x" }, mode: "600" });
    await expect(write("theirs")).rejects.toThrow("symbolic link");
    symlinkSync("real", path.join(folder, "ours"));
    await write("ours");
    chmodSync(folder, 0o777);
    await expect(write("ours")).rejects.toThrow("symbolic link");
    expect(existsSync(path.join(folder, "real", "file"))).toBe(true);
  });

  test.each(["relative", "/a/../b", "/a//b", "/folder/"])(
    "path %s is refused before anything is sent",
    async target => {
      const before = sshd.execs;
      await expect(
        upload(hosts.runner("node-1"), { path: target, content: { text: "" }, mode: "600" }),
      ).rejects.toThrow("absolute");
      expect(sshd.execs).toBe(before);
    },
  );

  test("a folder that is not there", async () => {
    const target = path.join(folder, "absent", "file");
    await expect(upload(hosts.runner("node-1"), { path: target, content: { text: "" }, mode: "600" })).rejects.toThrow(
      target,
    );
  });
});

describe("relay", () => {
  test("carries 30 MB from host to host unharmed", async () => {
    const bytes = randomBytes(30_000_000);
    const source = path.join(folder, "source");
    writeFileSync(source, bytes);
    const result = await relay(
      { host: hosts.runner("node-1"), script: `exec cat '${source.replaceAll("'", "'\\''")}'` },
      { host: hosts.runner("node-2"), script: "sha256sum" },
      { timeoutSeconds: 60 },
    );
    expect(result.bytes).toBe(bytes.length);
    expect(result.stdout.split(" ")[0]).toBe(sha256(bytes));
  });

  test("a failing sender is named, and the receiver ends", async () => {
    await expect(
      relay(
        { host: hosts.runner("node-1"), script: "echo part; echo no such image >&2; exit 3" },
        { host: hosts.runner("node-2"), script: "cat >/dev/null; sleep 1000" },
        { timeoutSeconds: 60 },
      ),
    ).rejects.toThrow("host node-1 (relay): the transfer failed with exit code 3: no such image");
  });

  test("a receiver never takes a part for the whole", async () => {
    const file = path.join(folder, "whole");
    const script = `cat >/dev/null; touch '${file.replaceAll("'", "'\\''")}'`;
    const sender = { host: hosts.runner("node-1"), script: "echo part; exit 3" };
    await expect(relay(sender, { host: hosts.runner("node-2"), script }, { timeoutSeconds: 60 })).rejects.toThrow(
      "node-1",
    );
    expect(existsSync(file)).toBe(false);
  });

  test("a receiver that has enough ends the sender", async () => {
    const sender = { host: hosts.runner("node-1"), script: "cat /dev/zero" };
    const { stdout } = await relay(
      sender,
      { host: hosts.runner("node-2"), script: "head -c 10 | wc -c" },
      { timeoutSeconds: 60 },
    );
    expect(stdout.trim()).toBe("10");
  });

  test("a failing receiver is named, and an endless sender ends", async () => {
    await expect(
      relay(
        { host: hosts.runner("node-1"), script: "cat /dev/zero" },
        { host: hosts.runner("node-2"), script: "head -c 10 >/dev/null; echo disk full >&2; exit 1" },
        { timeoutSeconds: 60 },
      ),
    ).rejects.toThrow("host node-2 (relay): the transfer failed with exit code 1: disk full");
  });
});
