import { createHash, randomBytes } from "node:crypto";
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
import path from "node:path";
import { arrivalPath } from "../../provider/muster/kinds/file-script";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import { partPath } from "../../remote/incoming-file";
import type { ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const FILE = "muster:index:File";

describe("a large file, on a host behind a real sshd", () => {
  const cleanup = new Cleanup();
  const content = randomBytes(17 * 1024 * 1024);
  const sha256 = createHash("sha256").update(content).digest("hex");
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  /** Check and create, as an engine does it. */
  const make = async () => {
    const wanted = { host: "node-1", path: at("there/data.jsonl"), source: at("data.jsonl"), mode: "0644" };
    const { inputs, failures } = await client.check(FILE, wanted);
    expect(failures).toEqual([]);
    return { inputs, ...(await client.create(FILE, inputs)) };
  };
  const mutations = (): string[] =>
    existsSync(at("audit.log"))
      ? readFileSync(at("audit.log"), "utf8")
          .trim()
          .split("\n")
          .map(line => JSON.parse(line).what)
      : [];

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "muster-large-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(at("data.jsonl"), content);
    server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    client = new ProviderClient(await server.address("muster"));
    cleanup.add(() => client.close());
    await client.configure({
      cluster: "demo",
      hosts: [sshd.host() as unknown as ValueMap],
      auditLog: at("audit.log"),
    });
  });
  afterEach(cleanup.run);

  test("arrives whole, with its mode, and leaves nothing beside it", async () => {
    await make();
    expect(readFileSync(at("there/data.jsonl")).equals(content)).toBe(true);
    expect(statSync(at("there/data.jsonl")).mode & 0o777).toBe(0o644);
    expect(readdirSync(at("there"))).toEqual(["data.jsonl"]);
  });

  test("takes what an ended run left of it away when it is deleted", async () => {
    const made = await make();
    writeFileSync(`${arrivalPath(at("there/data.jsonl"))}.part-0123`, "left");
    await client.delete(FILE, made.id, made.outputs, made.inputs);
    expect(readdirSync(at("there"))).toEqual([]);
  });

  test("goes on where an earlier run ended", async () => {
    const file = { path: arrivalPath(at("there/data.jsonl")), sizeBytes: content.length, sha256 };
    mkdirSync(at("there"));
    writeFileSync(partPath(file), content.subarray(0, 10 * 1024 * 1024));
    const { ino } = statSync(partPath(file));
    await make();
    expect(readFileSync(at("there/data.jsonl")).equals(content)).toBe(true);
    expect(statSync(at("there/data.jsonl")).ino).toBe(ino);
  });

  test("is not sent to a host that has it, and an older one stays until the new one is whole", async () => {
    await make();
    const before = mutations().length;
    await make();
    expect(mutations().length).toBe(before);
    // Of the same size, other content: it must not be taken for a part of the new one.
    const other = randomBytes(content.length);
    writeFileSync(at("data.jsonl"), other);
    await make();
    expect(readFileSync(at("there/data.jsonl")).equals(other)).toBe(true);
    expect(readdirSync(at("there"))).toEqual(["data.jsonl"]);
  });
});
