import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { type HostConnection, resolveAddress } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { scanHostKeys } from "../../remote/scan";
import { SshHosts } from "../../remote/ssh-hosts";
import { Sshd } from "./sshd";

let sshd: Sshd;
let pool: ConnectionPool;

beforeAll(async () => {
  sshd = await Sshd.start();
});
afterAll(() => sshd.stop());
beforeEach(() => {
  pool = new ConnectionPool();
});
afterEach(() => pool.close());

async function refusal(host: HostConnection, ...others: HostConnection[]): Promise<RemoteError> {
  const error = await new SshHosts({ table: [host, ...others], pool, redactor: new Redactor() })
    .runner(host.name)
    .query("true")
    .then(
      () => undefined,
      reason => reason,
    );
  if (!(error instanceof RemoteError)) throw new Error(`expected a RemoteError, got ${error}`);
  expect(error.message).not.toContain("    at ");
  return error;
}

test("an unknown host is refused with the fingerprint and the remedy, before any login", async () => {
  const before = sshd.count(/publickey/);
  const error = await refusal(sshd.host({ hostKeys: [] }));
  expect(error.kind).toBe("hostKeyUnknown");
  expect(error.message).toContain(`host node-1 (127.0.0.1:${sshd.port})`);
  expect(error.message).toContain(sshd.fingerprint());
  expect(error.message).toContain("muster trust");
  expect(sshd.count(/publickey/)).toBe(before);
});

test("a changed host key is refused with both fingerprints", async () => {
  const client = readFileSync(path.join(sshd.folder, "client_key.pub"), "utf8");
  const pinned = execFileSync("ssh-keygen", ["-lf", path.join(sshd.folder, "client_key.pub")], { encoding: "utf8" });
  const error = await refusal(sshd.host({ hostKeys: [client] }));
  expect(error.kind).toBe("hostKeyChanged");
  expect(error.message).toContain(sshd.fingerprint());
  expect(error.message).toContain(pinned.split(" ")[1]);
});

test("other pins and other keys are tried at once, although the ones before were just refused", async () => {
  const before = sshd.count(/^Connection from/);
  expect((await refusal(sshd.host({ hostKeys: [] }))).kind).toBe("hostKeyUnknown");
  expect((await refusal(sshd.host({ hostKeys: [], name: "same" }))).kind).toBe("hostKeyUnknown");
  expect(sshd.count(/^Connection from/) - before).toBe(1);
  expect((await refusal(sshd.host({ identityFile: "/nowhere/key" }))).kind).toBe("authentication");
  const hosts = new SshHosts({ table: [sshd.host()], pool, redactor: new Redactor() });
  expect((await hosts.probe("node-1").query("echo in")).stdout).toBe("in\n");
});

test("a pin that is not a key pins nothing", async () => {
  expect((await refusal(sshd.host({ hostKeys: ["ssh-ed25519 nonsense"] }))).kind).toBe("hostKeyUnknown");
});

test("a user who may not log in: named, with the keys that were tried", async () => {
  const error = await refusal(sshd.host({ user: "nobody-here" }));
  expect(error.kind).toBe("authentication");
  expect(error.message).toContain('user "nobody-here"');
  expect(error.message).toContain("client_key SHA256:");
  expect(error.message).toContain("identityFile");
});

test("an identity file that is missing or encrypted is named", async () => {
  expect((await refusal(sshd.host({ identityFile: "/nowhere/key" }))).message).toContain(
    "key /nowhere/key: not usable, no such file",
  );
  const file = path.join(sshd.folder, "encrypted");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "correct horse", "-f", file]);
  const fresh = new ConnectionPool();
  await pool.close();
  pool = fresh;
  expect((await refusal(sshd.host({ identityFile: file }))).message).toContain("no passphrase is declared");
});

test("an encrypted identity file opens with its passphrase; a wrong one is not repeated to anybody", async () => {
  const file = path.join(sshd.folder, "locked");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "correct horse", "-f", file]);
  const keys = path.join(sshd.folder, "authorized_keys");
  writeFileSync(keys, readFileSync(keys, "utf8") + readFileSync(`${file}.pub`, "utf8"));
  const wrong = await refusal(sshd.host({ identityFile: file, passphrase: "battery staple" }));
  expect(wrong.message).toContain("wrong passphrase");
  expect(wrong.message).not.toContain("battery");
  await pool.close();
  pool = new ConnectionPool();
  const hosts = new SshHosts({
    table: [sshd.host({ identityFile: file, passphrase: "correct horse" })],
    pool,
    redactor: new Redactor(),
  });
  expect((await hosts.probe("node-1").query("echo in")).stdout).toBe("in\n");
});

test("an agent's key", async () => {
  const socket = path.join(sshd.folder, "agent");
  const started = execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]);
  try {
    execFileSync("ssh-add", ["-q", path.join(sshd.folder, "client_key")], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
    });
    const host = sshd.host({ agent: socket, identityFile: "/nowhere/key" });
    const hosts = new SshHosts({ table: [host], pool, redactor: new Redactor() });
    expect((await hosts.probe("node-1").query("echo in")).stdout).toBe("in\n");
  } finally {
    process.kill(pid);
  }
});

test("nothing listens there", async () => {
  const error = await refusal(sshd.host({ port: 1 }));
  expect(error.kind).toBe("unreachable");
  expect(error.message).toContain("connection refused");
});

describe("a server that talks to nobody", () => {
  let server: Server;
  let port: number;
  let accepted = 0;
  let onAccept: (socket: import("node:net").Socket) => void = () => {};

  beforeEach(async () => {
    accepted = 0;
    server = createServer(socket => {
      accepted++;
      socket.on("error", () => {});
      onAccept(socket);
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    port = typeof address === "object" && address ? address.port : 0;
  });
  afterEach(() => server.close());

  test("is given up at the time limit", async () => {
    onAccept = () => {};
    const error = await refusal(sshd.host({ port, connectTimeoutSeconds: 0.3 }));
    expect(error.kind).toBe("timeout");
    expect(error.message).toContain("connectTimeoutSeconds");
  });

  test("and hangs up is asked again, inside the time limit", async () => {
    onAccept = socket => socket.destroy();
    const error = await refusal(sshd.host({ port, connectTimeoutSeconds: 2 }));
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("MaxStartups");
    expect(accepted).toBeGreaterThan(1);
  });

  test("and hangs up, then does not answer at all: the error still says that it hung up", async () => {
    onAccept = socket => {
      if (accepted === 1) socket.destroy();
    };
    const error = await refusal(sshd.host({ port, connectTimeoutSeconds: 2 }));
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("MaxStartups");
  });

  test("is not asked again by each resource in turn", async () => {
    onAccept = () => {};
    const host = sshd.host({ port, connectTimeoutSeconds: 0.2 });
    await refusal(host);
    await refusal(host);
    expect(accepted).toBe(1);
  });
});

describe("bastion", () => {
  test("hosts are reached through it, over one connection to it", async () => {
    const inner = await Sshd.start();
    try {
      const table = [
        inner.host({ name: "a", bastion: "gate" }),
        inner.host({ name: "b", bastion: "gate", address: "localhost" }),
        sshd.host({ name: "gate" }),
      ];
      const before = sshd.handshakes;
      const hosts = new SshHosts({ table, pool, redactor: new Redactor() });
      const answers = await Promise.all(["a", "b"].map(name => hosts.probe(name).query(`echo ${name}`)));
      expect(answers.map(answer => answer.stdout)).toEqual(["a\n", "b\n"]);
      expect(sshd.handshakes - before).toBe(1);
      expect(inner.handshakes).toBe(2);
    } finally {
      await pool.close();
      await inner.stop();
    }
  });

  test("its own host key counts", async () => {
    const error = await refusal(sshd.host({ bastion: "gate" }), sshd.host({ name: "gate", hostKeys: [] }));
    expect(error.kind).toBe("hostKeyUnknown");
    expect(error.message).toContain("host node-1");
    expect(error.message).toContain("its bastion gate");
  });

  test("a host that it cannot reach", async () => {
    const error = await refusal(sshd.host({ port: 1, bastion: "gate" }), sshd.host({ name: "gate" }));
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("Connection refused");
  });

  test("a circle is refused", async () => {
    const table = [sshd.host({ name: "a", bastion: "b" }), sshd.host({ name: "b", bastion: "a" })];
    expect(() => new SshHosts({ table, pool, redactor: new Redactor() }).runner("a")).toThrow("a -> b -> a");
  });
});

describe("scan", () => {
  test("shows each host key with the fingerprint of ssh-keygen, and logs in nowhere", async () => {
    const before = sshd.count(/publickey|Accepted/);
    const keys = await scanHostKeys(pool, resolveAddress(sshd.host(), []));
    expect(keys.map(key => [key.type, key.fingerprint])).toEqual([["ssh-ed25519", sshd.fingerprint()]]);
    expect(sshd.count(/publickey|Accepted/)).toBe(before);
  });

  test("all types, best first", async () => {
    const folder = sshd.folder;
    const files = ["rsa", "ecdsa"].map(type => {
      const file = path.join(folder, `host_${type}`);
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file]);
      return file;
    });
    const rich = await Sshd.start(files.map(file => `HostKey ${file}`));
    try {
      const keys = await scanHostKeys(pool, resolveAddress(rich.host(), []));
      expect(keys.map(key => key.type)).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
      const rsaOnly = rich.host({ hostKeys: [readFileSync(`${files[0]}.pub`, "utf8")] });
      const hosts = new SshHosts({ table: [rsaOnly], pool, redactor: new Redactor() });
      expect((await hosts.probe("node-1").query("echo in")).stdout).toBe("in\n");
    } finally {
      await pool.close();
      await rich.stop();
    }
  });

  test("nobody there", async () => {
    await expect(scanHostKeys(pool, resolveAddress(sshd.host({ name: "node-9", port: 1 }), []))).rejects.toThrow(
      "host node-9 (127.0.0.1:1)",
    );
  });
});
