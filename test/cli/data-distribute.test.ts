import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/main";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { fakeConsole } from "./fake-console";

/** A real sshd on this machine stands for the training node; a folder here for what is mounted into its container. */
describe("data distribute", () => {
  const cleanup = new Cleanup();
  let sshd: Sshd;
  let folder: string;
  const at = (...names: string[]) => join(folder, ...names);

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.stop());
  afterEach(cleanup.run);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "muster-distribute-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    const host = sshd.host();
    writeFileSync(
      at("known_hosts"),
      `[${host.address}]:${host.port} ${sshd.hostKey().split(" ").slice(0, 2).join(" ")}\n`,
    );
    writeFileSync(
      at("Pulumi.yaml"),
      'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\nplugins: {providers: [{name: muster, path: provider}]}\n',
    );
    writeFileSync(at("Pulumi.dev.yaml"), "config: {'muster:cluster': dev.yaml}\n");
    writeFileSync(at("tools.jsonl"), "one\n");
    writeFileSync(
      at("dev.yaml"),
      `cluster: demo
hosts: [{name: node-1, address: ${host.address}, port: ${host.port}, user: ${host.user}}]
ssh: {identityFile: ${host.identityFile}, configFile: none}
knownHosts: known_hosts
image: {reference: "train:1", swift: 3.7.1, vllm: 0.10.0}
container: {mounts: [{host: ${at("disk")}, container: /datasets}]}
slots: 1
pipeline:
  model: {path: /models/m}
  data: {file: tools.jsonl, path: /datasets/tools.jsonl}
`,
    );
  });

  async function muster(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const console = fakeConsole({ cwd: folder });
    const code = await main(["data", "distribute", "-s", "dev", ...argv], console);
    return { code, out: console.stdout(), err: console.stderr() };
  }

  test("writes the files of pipeline.data once, and leaves what is there alone", async () => {
    const sha256 = createHash("sha256").update("one\n").digest("hex");
    expect(await muster()).toMatchObject({
      code: 0,
      out: expect.stringContaining(`tools.jsonl written (sha256 ${sha256})`),
    });
    expect(readFileSync(at("disk/tools.jsonl"), "utf8")).toBe("one\n");
    const { mtimeMs, ino } = statSync(at("disk/tools.jsonl"));
    expect(await muster("tools.jsonl")).toMatchObject({ code: 0, out: expect.stringContaining("is there already") });
    expect(statSync(at("disk/tools.jsonl"))).toMatchObject({ mtimeMs, ino });
    expect(readdirSync(at("disk"))).toEqual(["tools.jsonl"]);
  });

  test("another file needs a place, which must be mounted", async () => {
    writeFileSync(at("other.jsonl"), "two\n");
    expect(await muster("other.jsonl")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/does not name this file[\s\S]*--to/),
    });
    expect(await muster("other.jsonl", "--to", "/elsewhere/o.jsonl")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no folder that is mounted"),
    });
    expect((await muster("other.jsonl", "--to", "/datasets/o.jsonl")).code).toBe(0);
    expect(readFileSync(at("disk/o.jsonl"), "utf8")).toBe("two\n");
  });

  test("what cannot be written on a host is told, with the host", async () => {
    mkdirSync(at("disk/tools.jsonl/full"), { recursive: true });
    const { code, err } = await muster();
    expect(code).toBe(1);
    expect(err).toMatch(/node-1, .*tools\.jsonl[\s\S]*a folder that is not empty is in its place/);
    expect(existsSync(at("disk/tools.jsonl/full"))).toBe(true);
  });
});
