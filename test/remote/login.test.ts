import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Client } from "ssh2";
import { allowCertificates } from "../../remote/certificate-login";
import type { HostConnection } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { SshHosts } from "../../remote/ssh-hosts";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { type CertificateWish, KEY_TYPES, KeyMaker } from "./certificates";
import { Sshd } from "./sshd";

const maker = new KeyMaker();
const authority = maker.key("authority");
const cleanup = new Cleanup();
let sshd: Sshd;

beforeAll(async () => {
  cleanup.add(() => maker.remove());
  sshd = await Sshd.start([`TrustedUserCAKeys ${authority}.pub`, "MaxAuthTries 4"]);
  cleanup.add(() => sshd.stop());
});
afterAll(cleanup.run);

async function login(changes: Partial<HostConnection>): Promise<string> {
  const pool = new ConnectionPool();
  try {
    const hosts = new SshHosts({ table: [sshd.host(changes)], pool, redactor: new Redactor() });
    return (await hosts.probe("node-1").query("echo in")).stdout;
  } finally {
    await pool.close();
  }
}

async function refusal(changes: Partial<HostConnection>): Promise<RemoteError> {
  const error = await login(changes).then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof RemoteError)) throw new Error(`expected a RemoteError, got ${error}`);
  return error;
}

/** Lines of sshd's log about what was offered, since the last call. The server may write them after the client has given up. */
async function offered(count: number): Promise<string[]> {
  const lines = await until(`${count} offers in sshd's log`, async () => {
    const found = sshd.linesSince(seen, /^(Accepted|Failed) publickey/);
    return found.length >= count ? found : undefined;
  });
  seen = sshd.lineCount;
  return lines.map(
    line => /^(\w+) publickey for \S+ from \S+ port \d+ ssh2: (\S+)/.exec(line)?.slice(1).join(" ") ?? line,
  );
}
let seen = 0;
beforeEach(() => {
  seen = sshd.lineCount;
});

let serial = 0;
function keyWithCertificate(wish: CertificateWish, type: (typeof KEY_TYPES)[number] = "ed25519"): string {
  const key = maker.key(`user-${++serial}`, type);
  maker.certify(authority, key, { principals: ["root"], ...wish });
  return key;
}

describe("an OpenSSH user certificate", () => {
  test.each(KEY_TYPES)("of an %s key, found beside the key", async type => {
    const identityFile = keyWithCertificate({ id: `by-${type}` }, type);
    expect(await login({ identityFile })).toBe("in\n");
    expect(sshd.count(new RegExp(`^Accepted publickey .*-CERT SHA256:\\S+ ID by-${type} `))).toBe(1);
  });

  test("that stands elsewhere is declared", async () => {
    const identityFile = maker.key("apart");
    const certificateFile = maker.certify(authority, identityFile, { principals: ["root"] }, "elsewhere.pub");
    expect((await refusal({ identityFile })).message).toContain("cannot log in");
    expect(await login({ identityFile, certificateFile })).toBe("in\n");
  });

  test("of a key with a passphrase", async () => {
    const identityFile = maker.key("locked", "rsa", "correct horse");
    maker.certify(authority, identityFile, { principals: ["root"] });
    expect(await login({ identityFile, passphrase: "correct horse" })).toBe("in\n");
  });

  test("that has expired, or is not valid yet, is not offered; the error says when it was", async () => {
    const expired = await refusal({
      identityFile: keyWithCertificate({ validity: "20200101000000Z:20200102000000Z" }),
    });
    expect(expired.kind).toBe("authentication");
    expect(expired.message).toContain("not usable, it expired at 2020-01-02T00:00:00Z");
    const early = await refusal({ identityFile: keyWithCertificate({ validity: "20900101000000Z:20910101000000Z" }) });
    expect(early.message).toContain("not usable, it is not valid before 2090-01-01T00:00:00Z");
    expect(await offered(2)).toEqual(["Failed ED25519", "Failed ED25519"]);
  });

  test("for another user: the error says for whom it is", async () => {
    const error = await refusal({
      identityFile: keyWithCertificate({ id: "alice@corp", principals: ["alice", "bob"] }),
    });
    expect(error.message).toContain('the certificate "alice@corp" for alice, bob, valid without an end');
    expect(error.message).toContain('does not name "root"');
  });

  test("of a host, or one that is none, is not offered; the error says why", async () => {
    const key = maker.key("confused");
    maker.certify(authority, key, { host: true, principals: ["root"] });
    expect((await refusal({ identityFile: key })).message).toContain("it is the certificate of a host");
    expect((await refusal({ identityFile: key, certificateFile: `${key}.pub` })).message).toContain(
      "it is not an OpenSSH certificate",
    );
    expect((await refusal({ identityFile: key, certificateFile: "/nowhere" })).message).toContain(
      "certificate /nowhere: not usable, no such file",
    );
  });

  test("whose private key nobody has", async () => {
    const certificateFile = `${keyWithCertificate({})}-cert.pub`;
    expect((await refusal({ identityFile: maker.key("another"), certificateFile })).message).toContain(
      "there is no private key for it",
    );
  });

  test("needs the ssh2 that it was written for; any other is told, not crashed on", () => {
    expect(() => allowCertificates(new Client())).toThrow("this version of ssh2");
  });
});

describe("an agent", () => {
  let socket: string;

  beforeAll(() => {
    socket = maker.file("agent");
    const started = execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]);
    cleanup.add(() => process.kill(pid));
  });
  beforeEach(() => add("-D"));

  function add(...argv: string[]): void {
    execFileSync("ssh-add", ["-q", ...argv], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: ["ignore", "ignore", "ignore"],
    });
  }

  /** A public key file, so that the private one is in the agent only. */
  function publicOnly(key: string): string {
    const file = `${key}-moved.pub`;
    writeFileSync(file, readFileSync(`${key}.pub`));
    return file;
  }

  test.each(KEY_TYPES)("signs for a certificate of an %s key that it holds", async type => {
    add(keyWithCertificate({ id: `held-${type}` }, type));
    expect(await login({ agent: socket, identityFile: "/nowhere" })).toBe("in\n");
    expect(sshd.count(new RegExp(`^Accepted publickey .*-CERT SHA256:\\S+ ID held-${type} `))).toBe(1);
  });

  test("signs for a certificate that is a file", async () => {
    const key = maker.key("signed-elsewhere", "rsa");
    add(key);
    const certificateFile = maker.certify(authority, key, { principals: ["root"] }, "by-hand.pub");
    expect(await login({ agent: socket, certificateFile, identityFile: publicOnly(key) })).toBe("in\n");
  });

  test.each(KEY_TYPES)("signs with a plain %s key", async type => {
    const key = maker.key(`plain-${type}`, type);
    const keys = path.join(sshd.folder, "authorized_keys");
    writeFileSync(keys, `${readFileSync(keys, "utf8")}${maker.publicKey(key)}\n`);
    add(key);
    expect(await login({ agent: socket, identityFile: "/nowhere" })).toBe("in\n");
  });

  test("opens an encrypted identity file that it holds, without its passphrase", async () => {
    const key = path.join(sshd.folder, "client_key");
    const locked = maker.key("agent-locked", "ed25519");
    execFileSync("cp", [key, locked]);
    add(locked);
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "correct horse", "-f", locked]);
    execFileSync("rm", [`${locked}.pub`]);
    expect(await login({ agent: socket, identityFile: locked, identitiesOnly: true })).toBe("in\n");
  });

  test("full of other keys does not use up the tries of a declared one", async () => {
    for (let index = 0; index < 6; index++) add(maker.key(`other-${index}`));
    expect(await login({ agent: socket })).toBe("in\n");
    expect(await offered(1)).toEqual(["Accepted ED25519"]);
  });

  test("full of wrong keys: the server hangs up; the error names them and the remedy", async () => {
    for (let index = 0; index < 6; index++) add(maker.key(`wrong-${index}`));
    const error = await refusal({ agent: socket, identityFile: maker.key("declared-wrong") });
    expect(error.kind).toBe("authentication");
    expect(error.message).toContain("it hung up after too many keys (MaxAuthTries)");
    expect(error.message).toContain('key "wrong-0" of the agent');
    expect(error.message).toContain("identitiesOnly: true");
  });

  test("offers only declared keys with identitiesOnly", async () => {
    add(path.join(sshd.folder, "client_key"));
    const identityFile = maker.key("only");
    add(identityFile);
    await refusal({ agent: socket, identityFile, identitiesOnly: true });
    expect(await offered(1)).toEqual(["Failed ED25519"]);
    expect(await login({ agent: socket, identityFile, identitiesOnly: false })).toBe("in\n");
  });

  test("that refuses to sign is told, and the next way is tried", async () => {
    const keys = path.join(sshd.folder, "authorized_keys");
    const key = maker.key("to-confirm");
    writeFileSync(keys, `${readFileSync(keys, "utf8")}${maker.publicKey(key)}\n`);
    add("-c", key);
    const identityFile = [publicOnly(key), path.join(sshd.folder, "client_key")];
    expect(await login({ agent: socket, identityFile })).toBe("in\n");
    const error = await refusal({ agent: socket, identityFile: publicOnly(key) });
    expect(error.message).toContain("the agent does not sign: it refuses");
  });

  test("that is not there, or that nobody answers for, is told", async () => {
    const identityFile = maker.key("lonely");
    expect((await refusal({ agent: "/nowhere/agent", identityFile })).message).toContain(
      "agent /nowhere/agent: it is not there",
    );
    expect((await refusal({ agent: sshd.folder, identityFile })).message).toContain(`agent ${sshd.folder}: `);
  });
});
