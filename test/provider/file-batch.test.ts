import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
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
import { type Change, composeChanges, parseChanges } from "../../provider/muster/kinds/change-batch-script";
import { writeScript } from "../../provider/muster/kinds/file-script";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const FILE = "muster:index:File";
const cleanup = new Cleanup();
let folder: string;
const at = (name: string) => path.join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-batch-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(cleanup.run);

describe("many files of a host behind a real sshd", () => {
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;

  /** Commands that note their calls, in front of the real ones. */
  let counted: string;
  const calls = (program: string) => readFileSync(path.join(counted, `${program}.calls`), "utf8").length;

  beforeAll(async () => {
    counted = mkdtempSync(path.join(tmpdir(), "muster-counted-"));
    for (const program of ["stat", "sha256sum"]) {
      const text = `#!/bin/sh\nprintf . >>${counted}/${program}.calls\nexec /usr/bin/${program} "$@"\n`;
      writeFileSync(path.join(counted, program), text, { mode: 0o755 });
    }
    sshd = await Sshd.start([`SetEnv PATH=${counted}:/usr/bin:/bin`]);
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(counted, { recursive: true });
  });
  beforeEach(async () => {
    server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    client = new ProviderClient(await server.address("muster"));
    cleanup.add(() => client.close());
    const hosts = [sshd.host() as unknown as ValueMap];
    await client.configure({ cluster: "demo", hosts, auditLog: at("audit.log") });
  });

  const make = async (args: ValueMap) => {
    const { inputs } = await client.check(FILE, { host: "node-1", ...args });
    return { inputs, ...(await client.create(FILE, inputs)) };
  };

  test("are written together, each with its bytes, mode and owner; the audit log names each", async () => {
    writeFileSync(at("local"), Buffer.from([0, 10, 13, 255, 39, 92]));
    const wanted: ValueMap[] = [
      { path: at("d"), directory: true, mode: "0750" },
      { path: at("a/deep/one"), content: "one\n" },
      { path: at("a/empty"), content: "" },
      { path: at("a/no newline"), content: "it's $HOME `x` \\n" },
      { path: at("a/secret"), content: "s".repeat(70_000), mode: "0600" },
      { path: at("a/program"), source: at("local"), mode: "0755" },
      { path: at("a/theirs"), content: "x", owner: "65534:65534" },
    ];
    await Promise.all(wanted.map(make));
    // One, or two where this machine paused for so long that nothing more seemed to come.
    expect(sshd.execs).toBeLessThan(wanted.length / 2);
    const seen = ["d", "a/deep/one", "a/empty", "a/no newline", "a/secret", "a/program", "a/theirs"].map(name => {
      const { mode, uid, gid, size } = statSync(at(name));
      return [name, (mode & 0o7777).toString(8), `${uid}:${gid}`, size];
    });
    expect(seen).toEqual([
      ["d", "750", "0:0", expect.any(Number)],
      ["a/deep/one", "644", "0:0", 4],
      ["a/empty", "644", "0:0", 0],
      ["a/no newline", "644", "0:0", 17],
      ["a/secret", "600", "0:0", 70_000],
      ["a/program", "755", "0:0", 6],
      ["a/theirs", "644", "65534:65534", 1],
    ]);
    expect(readFileSync(at("a/no newline"), "utf8")).toBe("it's $HOME `x` \\n");
    expect(readFileSync(at("a/program")).equals(readFileSync(at("local")))).toBe(true);
    expect(readdirSync(at("a")).filter(name => name.startsWith(".muster"))).toEqual([]);
    const audit = readFileSync(at("audit.log"), "utf8").trim().split("\n");
    expect(audit).toHaveLength(sshd.execs);
    for (const { path: file } of wanted) expect(audit.join()).toContain(String(file));
  });

  test("are read by two processes, not by two each", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `file-${index}`);
    const made = await Promise.all(names.map(name => make({ path: at(name), content: name })));
    for (const program of ["stat", "sha256sum"]) writeFileSync(path.join(counted, `${program}.calls`), "");
    const reads = [];
    for (const { id, outputs, inputs } of made) {
      reads.push(client.read(FILE, id, outputs, inputs));
      // As from an engine, one does not come in the same turn as the next.
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
    }
    const found = await Promise.all(reads);
    expect(found.map(({ inputs, outputs }) => [inputs, outputs])).toEqual(
      made.map(each => [each.inputs, each.outputs]),
    );
    // How many travel together is up to the load of the machine; one each would be as many as there are files.
    for (const program of ["stat", "sha256sum"]) expect(calls(program)).toBeLessThan(names.length);
  });

  test("one that cannot be written fails alone, with its own reason", async () => {
    symlinkSync(tmpdir(), at("link"));
    writeFileSync(at("plain"), "");
    const outcomes = await Promise.allSettled([
      make({ path: at("one"), content: "1" }),
      make({ path: `${at("link")}/muster-never`, content: "never" }),
      make({ path: at("two"), content: "2" }),
      make({ path: `${at("plain")}/below`, content: "a".repeat(100) }),
      make({ path: at("three"), content: "3" }),
    ]);
    expect(outcomes.map(each => each.status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
    const [, linked, , below] = outcomes.map(each => (each.status === "rejected" ? String(each.reason) : ""));
    expect(linked).toMatch(/write .*muster-never failed \(exit 44\).*is a symbolic link to/s);
    expect(linked).not.toContain("below");
    expect(below).toMatch(/write .*below failed.*(Not a directory|File exists)/s);
    expect(existsSync(path.join(tmpdir(), "muster-never"))).toBe(false);
    expect(["one", "two", "three"].map(name => readFileSync(at(name), "utf8"))).toEqual(["1", "2", "3"]);
  });

  test("drift of one among many is seen as if it were looked at alone", async () => {
    const names = ["same", "edited", "gone", "mode", "owner", "a link", "a folder", "back\\slash", "with 'quote'"];
    const made = await Promise.all(names.map(name => make({ path: at(name), content: `${name}\n`, owner: "root" })));
    writeFileSync(at("edited"), "other\n");
    rmSync(at("gone"));
    chmodSync(at("mode"), 0o640);
    chownSync(at("owner"), 65534, 65534);
    rmSync(at("a link"));
    symlinkSync(at("same"), at("a link"));
    rmSync(at("a folder"));
    mkdirSync(at("a folder"), { mode: 0o755 });
    const read = await Promise.all(made.map(({ id, outputs, inputs }) => client.read(FILE, id, outputs, inputs)));
    const drift = read.map(({ id, inputs }, index) => {
      if (id === "") return "gone";
      const declared = made[index]?.inputs ?? {};
      return Object.fromEntries(Object.entries(inputs).filter(([key, value]) => declared[key] !== value));
    });
    expect(drift).toEqual([
      {},
      { content: "other\n" },
      "gone",
      { mode: "0640" },
      { owner: "65534:65534" },
      { content: "[not a file: link]", mode: "0777" },
      { content: "[not a file: directory]", mode: "0755" },
      {},
      {},
    ]);
  });

  test("a host that is lost meanwhile is an error for each, never the absence of a file", async () => {
    const made = await Promise.all(["x", "y"].map(name => make({ path: at(name), content: name })));
    await sshd.stop();
    cleanup.add(async () => {
      sshd = await Sshd.start();
    });
    const read = await Promise.allSettled(
      made.map(({ id, outputs, inputs }) => client.read(FILE, id, outputs, inputs)),
    );
    expect(read.map(each => each.status)).toEqual(["rejected", "rejected"]);
  });
});

describe("a script of several changes", () => {
  const file = (name: string, content: string): Change => {
    const stdin = Buffer.from(content);
    return { script: writeScript({ path: at(name), mode: "0644" }, { sizeBytes: stdin.length }), stdin };
  };
  const run = (changes: readonly Change[], cut = 0) => {
    const mark = "m".repeat(32);
    const { script, stdin } = composeChanges(changes, mark);
    const done = spawnSync("sh", ["-c", script], { input: stdin.subarray(0, stdin.length - cut), encoding: "utf8" });
    const result = { exitCode: done.status ?? -1, stdout: done.stdout, stderr: done.stderr };
    return { ...result, answers: parseChanges(result, mark, changes.length) };
  };

  test("leaves a file alone whose content did not arrive whole, and those behind it", () => {
    writeFileSync(at("second"), "old");
    const done = run([file("first", "1"), file("second", "new content"), file("third", "3")], 5);
    expect(done.exitCode).toBe(45);
    expect(done.answers.map(answer => answer?.exitCode)).toEqual([0, 45, 45]);
    expect(done.answers[1]?.stderr).toContain("only 7 of 11 bytes arrived");
    expect(readdirSync(folder).sort()).toEqual(["first", "second"]);
    expect(readFileSync(at("second"), "utf8")).toBe("old");
  });

  test("changes nothing when not even the scripts arrived whole", () => {
    const cut = run([file("first", "1"), file("second", "2")], 100);
    expect(cut.answers).toEqual([undefined, undefined]);
    expect(cut.exitCode).not.toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("one among them sees neither the contents of others nor theirs its own, and may fail, exit or be no shell text at all", () => {
    const scripts = ["cat", "exit 7", "if", "echo fine; echo said >&2", "set -e; false; echo never"];
    const reads: Change = { script: "head -c 2", stdin: Buffer.from("longer than what is read") };
    const done = run([...scripts.map(script => ({ script })), reads, file("last", "content")]);
    expect(done.answers.map(answer => answer?.exitCode)).toEqual([0, 7, 2, 0, 1, 0, 0]);
    expect(done.answers[0]?.stdout).toBe("");
    expect(done.answers[3]).toEqual({ exitCode: 0, stdout: "fine\n", stderr: "said\n" });
    expect(done.answers[4]?.stdout).toBe("");
    expect(done.answers[5]?.stdout).toBe("lo");
    expect(done.exitCode).toBe(1);
    expect(readFileSync(at("last"), "utf8")).toBe("content");
  });

  test("is what shellcheck takes", () => {
    const { script, stdin } = composeChanges([{ script: "true" }, file("a", "1")], "a".repeat(32));
    for (const text of [script, stdin.toString().slice(0, -1)]) {
      const checked = spawnSync("shellcheck", ["-s", "sh", "-"], { input: text, encoding: "utf8" });
      expect(checked.stdout).toBe("");
    }
  });
});
