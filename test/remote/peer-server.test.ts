import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type IncomingFile, partPath } from "../../remote/incoming-file";
import { PeerServer } from "../../remote/peer-server";
import { ConnectionPool } from "../../remote/pool";
import { receive, untilWhole } from "../../remote/receive";
import { Redactor } from "../../remote/redact";
import { relayFile } from "../../remote/resumable-relay";
import { SshHosts } from "../../remote/ssh-hosts";
import { until } from "../support/command";
import { Sshd } from "./sshd";

let sshd: Sshd;
let pool: ConnectionPool;
let hosts: SshHosts;
let folder: string;
let serial = 0;
const servers: PeerServer[] = [];

beforeAll(async () => {
  sshd = await Sshd.start();
  pool = new ConnectionPool();
  hosts = new SshHosts({ table: [sshd.host(), sshd.host({ name: "node-2" })], pool, redactor: new Redactor() });
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(async () => {
  await pool.close();
  await sshd.stop();
});
beforeEach(() => {
  folder = path.join(sshd.folder, `with 'space ${serial++}`);
  mkdirSync(folder);
});

function keyPair(name: string) {
  const file = path.join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return { privateKey: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8").trim() };
}

function sender(bytes: Buffer): string {
  const file = path.join(folder, "sent.tar");
  writeFileSync(file, bytes);
  return file;
}

function incoming(bytes: Buffer): IncomingFile {
  return {
    path: path.join(folder, "in", "got.tar"),
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

async function serve(file: string): Promise<PeerServer> {
  const server = await PeerServer.start(hosts.runner("node-1"), {
    file,
    address: "127.0.0.1",
    hostKey: keyPair(`host-${serial++}`),
    clientKey: keyPair(`client-${serial++}`),
    limitSeconds: 120,
  });
  servers.push(server);
  return server;
}

function fetchOnce(server: PeerServer, file: IncomingFile) {
  const { feed, stdin } = server.feed();
  return receive(hosts.runner("node-2"), "fetch it", file, feed, { timeoutSeconds: 60, stdin });
}

const peerFolders = () =>
  existsSync("/run/muster") ? readdirSync("/run/muster").filter(name => name.startsWith("peer.")) : [];

describe("a file from host to host", () => {
  const bytes = randomBytes(5_000_000);

  test("arrives whole, with its folder made, and nothing is left of the server", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    expect(await fetchOnce(server, file)).toEqual({ kind: "whole" });
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
    expect(readdirSync(path.dirname(file.path))).toEqual(["got.tar"]);
    expect(statSync(path.dirname(file.path)).mode & 0o777).toBe(0o700);
    expect(await server.isAlive()).toBe(true);
    await server.stop();
    expect(await server.isAlive()).toBe(false);
    expect(peerFolders()).toEqual([]);
  });

  test("goes on where it was: only what is missing is asked for", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    mkdirSync(path.dirname(file.path));
    // Were the beginning sent again, the part would become longer than the file, and no checksum would fit.
    writeFileSync(partPath(file), bytes.subarray(0, 4_999_000));
    expect(await fetchOnce(server, file)).toEqual({ kind: "whole" });
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
  });

  test("with one wrong byte is never given its name, and is sent again from its start", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    mkdirSync(path.dirname(file.path));
    const wrong = Buffer.from(bytes.subarray(0, 1_000_000));
    wrong[77] = (wrong[77] ?? 0) ^ 1;
    writeFileSync(partPath(file), wrong);
    const seen: string[] = [];
    await untilWhole(async () => {
      const receipt = await fetchOnce(server, file);
      seen.push(`${receipt.kind} ${existsSync(file.path)}`);
      return receipt;
    });
    expect(seen).toEqual(["damaged false", "whole true"]);
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
  });

  test("that is damaged at the sender is told, and does not loop", async () => {
    const sent = sender(Buffer.concat([bytes.subarray(1), Buffer.from("x")]));
    const server = await serve(sent);
    const file = incoming(bytes);
    expect(await untilWhole(() => fetchOnce(server, file))).toMatch("damaged");
    expect(readdirSync(path.dirname(file.path))).toEqual([]);
  });

  test("whose part is of other bytes begins anew, and the other part goes", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    mkdirSync(path.dirname(file.path));
    writeFileSync(`${file.path}.part-${"0".repeat(16)}`, "of another");
    expect(await fetchOnce(server, file)).toEqual({ kind: "whole" });
    expect(readdirSync(path.dirname(file.path))).toEqual(["got.tar"]);
  });

  test("that a run before left whole is proven, not sent", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    mkdirSync(path.dirname(file.path));
    writeFileSync(file.path, bytes);
    await server.stop();
    expect(await fetchOnce(server, file)).toEqual({ kind: "whole" });
  });

  test("a server that is killed is noticed, its folder goes, and the cut says where it was", async () => {
    const long = path.join(folder, "sent.tar");
    execFileSync("truncate", ["--size=20G", long]);
    const server = await serve(long);
    const file = { ...incoming(bytes), sizeBytes: 20 * 1024 ** 3 };
    const cut = fetchOnce(server, file);
    await until("the part grows", async () => (existsSync(partPath(file)) ? true : undefined));
    const listener = execFileSync("pgrep", ["-f", "sshd.*-D -f /run/muster/peer"]).toString().trim().split("\n");
    for (const pid of listener) process.kill(Number(pid), "SIGKILL");
    await until("the server is known to be gone", async () => ((await server.isAlive()) ? undefined : true));
    const receipt = await cut;
    expect(receipt).toMatchObject({ kind: "cut", bytes: statSync(partPath(file)).size });
    expect(peerFolders()).toEqual([]);
  });

  test("the key opens nothing but the file: no command, no forwarding, no shell; a stranger's key not even that", async () => {
    const secret = sender(Buffer.from("the file"));
    const client = keyPair("client");
    keyPair("stranger");
    const request = {
      file: secret,
      address: "127.0.0.1",
      hostKey: keyPair("host"),
      clientKey: client,
      limitSeconds: 60,
    };
    const server = await PeerServer.start(hosts.runner("node-1"), request);
    servers.push(server);
    const port = /-p (\d+) /.exec(server.feed().feed.command)?.[1] ?? "";
    const ssh = (key: string, ...args: string[]) => {
      const options = ["-F", "/dev/null", "-p", port, "-i", path.join(folder, key), "-o", "IdentitiesOnly=yes"];
      const strict = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"];
      try {
        return execFileSync("ssh", [...options, ...strict, ...args], {
          stdio: ["ignore", "pipe", "pipe"],
          timeout: 20_000,
        }).toString();
      } catch (error) {
        return `refused: ${(error as { stderr: Buffer }).stderr}`;
      }
    };
    expect(ssh("client", "root@127.0.0.1", "4")).toBe("file");
    expect(ssh("client", "root@127.0.0.1", "cat /etc/shadow")).toMatch(/refused: .*not a number of bytes/s);
    expect(ssh("client", "root@127.0.0.1")).toMatch(/refused: .*not a number of bytes/s);
    expect(ssh("client", "-W", "127.0.0.1:22", "root@127.0.0.1")).toMatch(/refused/);
    expect(ssh("client", "-s", "root@127.0.0.1", "sftp")).toMatch(/refused/);
    expect(ssh("stranger", "root@127.0.0.1", "0")).toMatch(/refused: .*Permission denied \(publickey\)/s);
  });

  test("a receiving host that is shown another host key fetches nothing", async () => {
    const server = await serve(sender(bytes));
    const file = incoming(bytes);
    const { feed, stdin } = server.feed();
    const other = `${stdin.split("\n")[0]}\n${keyPair("other").publicKey}\n`;
    const receipt = await receive(hosts.runner("node-2"), "fetch it", file, feed, { timeoutSeconds: 60, stdin: other });
    expect(receipt).toMatchObject({ kind: "cut", bytes: 0, why: expect.stringMatching(/host key/i) });
  });

  test("an address that is not the host's is refused at once", async () => {
    const request = { file: sender(bytes), address: "192.0.2.7", hostKey: keyPair("h"), clientKey: keyPair("c") };
    const starting = PeerServer.start(hosts.runner("node-1"), { ...request, limitSeconds: 60 });
    await expect(starting).rejects.toThrow(/cannot let other hosts fetch.*Cannot assign requested address/s);
    expect(peerFolders()).toEqual([]);
  });

  test("no private key is on a command line, and none stays on disk", async () => {
    const server = await serve(sender(bytes));
    const lines = server.feed().stdin.split("\n")[0] ?? "";
    const secret = Buffer.from(lines, "base64").toString().split("\n")[2] ?? "";
    expect(secret.length).toBeGreaterThan(30);
    const commands = execFileSync("ps", ["-eo", "args"]).toString();
    expect(commands).not.toContain(secret);
    expect(commands).not.toContain(lines);
    await fetchOnce(server, incoming(bytes));
    await server.stop();
    expect(peerFolders()).toEqual([]);
  });

  test("goes through the operator from where it was, too", async () => {
    const file = incoming(bytes);
    mkdirSync(path.dirname(file.path));
    writeFileSync(partPath(file), bytes.subarray(0, 4_000_000));
    const carried: number[] = [];
    const from = { runner: hosts.runner("node-1"), path: sender(bytes) };
    const receipt = await relayFile(from, hosts.runner("node-2"), file, {
      timeoutSeconds: 60,
      onProgress: there => carried.push(there),
    });
    expect(receipt).toEqual({ kind: "whole" });
    expect(Math.min(...carried)).toBeGreaterThan(4_000_000);
    expect(carried.at(-1)).toBe(5_000_000);
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
  });
});
