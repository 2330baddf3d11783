import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type IncomingFile, partPath } from "../../remote/incoming-file";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { uploadResumably } from "../../remote/resumable-upload";
import { SshHosts } from "../../remote/ssh-hosts";
import { TcpRelay } from "../support/tcp-relay";
import { Sshd } from "./sshd";

const bytes = randomBytes(20_000_000);
let sshd: Sshd;
let relay: TcpRelay;
let pool: ConnectionPool;
let local: string;
let file: IncomingFile;

beforeEach(async () => {
  sshd = await Sshd.start();
  relay = await TcpRelay.to("127.0.0.1", sshd.port);
  pool = new ConnectionPool();
  local = path.join(sshd.folder, "local");
  writeFileSync(local, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  file = { path: path.join(sshd.folder, "far", "a file"), sizeBytes: bytes.length, sha256 };
});

afterEach(async () => {
  await pool.close();
  await relay.close();
  await sshd.stop();
});

function send(): Promise<void> {
  const table = [sshd.host({ port: relay.port, connectTimeoutSeconds: 2 })];
  const runner = new SshHosts({ table, pool, redactor: new Redactor() }).runner("node-1");
  return uploadResumably(runner, local, file, { timeoutSeconds: 60 });
}

const arrived = () => readFileSync(file.path).equals(bytes) && readdirSync(path.dirname(file.path)).length === 1;

/** Whether one connection and so many bytes through the relay were enough. */
async function sentInOneGo(limit: number): Promise<boolean> {
  let tooMuch = false;
  void relay.harmAfter(limit, "drop").then(() => {
    tooMuch = true;
  });
  await send();
  return !tooMuch;
}

describe("a large file of the operator", () => {
  test("whose connection is cut in the middle goes on by itself, and comes out right", async () => {
    const cut = relay.harmAfter(9_000_000, "drop");
    await send();
    await cut;
    expect(arrived()).toBe(true);
    expect(relay.accepted).toBe(2);
  });

  test("that an earlier run did not finish is continued: only the rest travels", async () => {
    const link = relay.harmAfter(15_000_000, "drop");
    const first = send().catch(error => error);
    await link;
    await relay.close();
    expect(await first).toBeInstanceOf(RemoteError);
    const there = statSync(partPath(file)).size;
    expect(there).toBeGreaterThan(10_000_000);
    await pool.close();
    pool = new ConnectionPool();
    relay = await TcpRelay.to("127.0.0.1", sshd.port);
    expect(await sentInOneGo(bytes.length - there + 1_000_000)).toBe(true);
    expect(arrived()).toBe(true);
  });

  test("whose part on the host was damaged is found out by the checksum and sent again", async () => {
    const wrong = Buffer.from(bytes.subarray(0, 3_000_000));
    wrong[5] = (wrong[5] ?? 0) ^ 1;
    const folder = path.dirname(file.path);
    await send();
    writeFileSync(partPath(file), wrong);
    writeFileSync(file.path, "short");
    await send();
    expect(readdirSync(folder)).toEqual(["a file"]);
    expect(arrived()).toBe(true);
  });

  test("that is there whole is not sent", async () => {
    await send();
    expect(await sentInOneGo(1_000_000)).toBe(true);
    expect(arrived()).toBe(true);
  });
});
