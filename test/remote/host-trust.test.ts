import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { certificateFromWire } from "../../remote/certificate";
import type { HostConnection } from "../../remote/host-table";
import { hostCertificateTrouble } from "../../remote/host-trust";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { SshHosts } from "../../remote/ssh-hosts";
import { Cleanup } from "../support/cleanup";
import { type CertificateWish, KEY_TYPES, KeyMaker, type KeyType } from "./certificates";
import { Sshd } from "./sshd";

const maker = new KeyMaker();
const cleanup = new Cleanup();
cleanup.add(() => maker.remove());
const authority = maker.key("authority");
const other = maker.key("other-authority");
let pool: ConnectionPool;

beforeEach(() => {
  pool = new ConnectionPool();
});
afterEach(() => pool.close());
afterAll(cleanup.run);

let serial = 0;

/** A server whose only trusted thing is its host certificate. */
async function certified(wish: CertificateWish = {}, type: KeyType = "ed25519", signer = authority) {
  const key = maker.key(`host-${++serial}`, type);
  const certificate = maker.certify(signer, key, { host: true, principals: ["127.0.0.1"], id: "a host", ...wish });
  const sshd = await Sshd.start([`HostKey ${key}`, `HostCertificate ${certificate}`]);
  cleanup.add(() => sshd.stop());
  return { sshd, key };
}

function trusting(sshd: Sshd, changes: Partial<HostConnection> = {}): HostConnection {
  return sshd.host({ hostKeys: [], hostAuthorities: [maker.publicKey(authority)], ...changes });
}

async function ask(...table: HostConnection[]): Promise<string> {
  const hosts = new SshHosts({ table, pool, redactor: new Redactor() });
  return (await hosts.probe(table[0]?.name ?? "").query("echo in")).stdout;
}

async function refusal(...table: HostConnection[]): Promise<RemoteError> {
  const error = await ask(...table).then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof RemoteError)) throw new Error(`expected a RemoteError, got ${error}`);
  return error;
}

describe("a host whose authority is trusted", () => {
  test.each(KEY_TYPES)("is logged in to by the certificate of its %s key", async type => {
    const { sshd } = await certified({}, type);
    expect(await ask(trusting(sshd))).toBe("in\n");
    expect(sshd.handshakes).toBe(1);
  });

  test.each(KEY_TYPES)("whose authority has an %s key", async type => {
    const signer = maker.key(`authority-${type}`, type);
    const { sshd } = await certified({}, "ed25519", signer);
    expect(await ask(trusting(sshd, { hostAuthorities: [maker.publicKey(signer)] }))).toBe("in\n");
  });

  test("may exchange keys as FIPS wants it", async () => {
    const key = maker.key("fips", "ecdsa");
    const certificate = maker.certify(authority, key, { host: true, principals: ["127.0.0.1"] });
    const settings = [`HostKey ${key}`, `HostCertificate ${certificate}`, "KexAlgorithms ecdh-sha2-nistp384"];
    const sshd = await Sshd.start(settings);
    cleanup.add(() => sshd.stop());
    expect(await ask(trusting(sshd))).toBe("in\n");
  });

  test("behind a bastion that is trusted the same way", async () => {
    const [gate, inner] = [await certified(), await certified()];
    const bastion = trusting(gate.sshd, { name: "gate" });
    expect(await ask(trusting(inner.sshd, { bastion: "gate" }), bastion)).toBe("in\n");
  });

  test("is looked up by its HostKeyAlias, and by patterns of names", async () => {
    const { sshd } = await certified({ principals: ["*.lab"] });
    expect((await refusal(trusting(sshd))).message).toContain("it does not name 127.0.0.1");
    await pool.close();
    pool = new ConnectionPool();
    expect(await ask(trusting(sshd, { hostKeyAlias: "gpu-1.lab" }))).toBe("in\n");
  });

  test("needs no second connection when its key is pinned", async () => {
    const { sshd, key } = await certified();
    expect(await ask(trusting(sshd, { hostKeys: [maker.publicKey(key)] }))).toBe("in\n");
    expect(sshd.count(/^Connection from/)).toBe(1);
  });

  test("may have a new key although an old one is pinned", async () => {
    const { sshd } = await certified();
    expect(await ask(trusting(sshd, { hostKeys: [maker.publicKey(other)] }))).toBe("in\n");
  });

  test("shares its connection only with configurations that trust it too", async () => {
    const { sshd, key } = await certified();
    expect(await ask(trusting(sshd))).toBe("in\n");
    expect(await ask(trusting(sshd, { name: "same" }))).toBe("in\n");
    expect(await ask(trusting(sshd, { name: "pinned", hostKeys: [maker.publicKey(key)], hostAuthorities: [] }))).toBe(
      "in\n",
    );
    expect(
      (await refusal(trusting(sshd, { name: "foreign", hostAuthorities: [maker.publicKey(other)] }))).kind,
    ).toMatch(/^hostKey/);
    for (const hostKeys of [[], [maker.publicKey(key)]]) {
      const revoked = trusting(sshd, { name: "revoked", hostKeys, revokedHostKeys: [maker.publicKey(key)] });
      expect((await refusal(revoked)).kind).toBe("hostKeyRevoked");
    }
    expect(sshd.handshakes).toBe(1);
  });
});

describe("the judgement of a certificate", () => {
  const key = maker.key("judged");
  const trust = { address: "Node-1", hostKeys: [], hostAuthorities: [maker.publicKey(authority)] };

  function trouble(wish: CertificateWish, bend: (wire: Buffer) => void = () => {}): string | undefined {
    const file = maker.certify(authority, key, { host: true, principals: ["node-1"], ...wish });
    const wire = Buffer.from(readFileSync(file, "utf8").split(" ")[1] ?? "", "base64");
    bend(wire);
    const certificate = certificateFromWire(wire);
    if (!certificate) throw new Error("no certificate");
    return hostCertificateTrouble(certificate, trust, new Date());
  }

  test("good, in any case of the address", () => expect(trouble({})).toBeUndefined());
  test("of a user", () => expect(trouble({ host: false })).toBe("it is the certificate of a user"));
  test("with an option that nobody knows", () =>
    expect(trouble({ options: ["critical:only-on-mondays=yes"] })).toContain("only-on-mondays"));
  test("with a signature that does not fit", () =>
    expect(trouble({}, wire => wire.writeUInt8(wire.readUInt8(wire.length - 1) ^ 1, wire.length - 1))).toContain(
      "its signature is not that of the authority",
    ));
});

describe("is refused before any login, with the reason:", () => {
  const cases: [string, CertificateWish, RegExp][] = [
    ["expired", { validity: "20200101000000Z:20200102000000Z" }, /it expired at 2020-01-02T00:00:00Z/],
    ["not valid yet", { validity: "20900101000000Z:20910101000000Z" }, /it is not valid before 2090-01-01T00:00:00Z/],
    [
      "for another host",
      { principals: ["10.0.0.9", "127.0.0.10"] },
      /for 10\.0\.0\.9, 127\.0\.0\.10, .* it does not name 127\.0\.0\.1/,
    ],
    ["for nobody", { principals: [] }, /it does not name 127\.0\.0\.1/],
  ];

  test.each(cases)("a certificate that is %s", async (_case, wish, reason) => {
    const { sshd } = await certified(wish);
    const error = await refusal(trusting(sshd));
    expect(error.kind).toBe("hostKeyUnknown");
    expect(error.message).toContain('its certificate "a host"');
    expect(error.message).toMatch(reason);
    expect(error.message).toContain("ssh-keygen -s AUTHORITY -h");
    expect(sshd.count(/publickey/)).toBe(0);
  });

  test("signed by an authority that is not the trusted one", async () => {
    const { sshd } = await certified({}, "ed25519", other);
    const error = await refusal(trusting(sshd));
    expect(error.message).toMatch(
      /it is signed by SHA256:\S+ \(ssh-ed25519\), but trusted is SHA256:\S+ \(ssh-ed25519\)/,
    );
  });

  test("a revoked authority, a revoked key in a good certificate, a revoked plain key", async () => {
    const { sshd, key } = await certified();
    const revoke = (name: string, file: string, changes: Partial<HostConnection> = {}) =>
      refusal(trusting(sshd, { name, revokedHostKeys: [maker.publicKey(file)], ...changes }));
    expect((await revoke("a", authority)).message).toContain("is revoked");
    await pool.close();
    pool = new ConnectionPool();
    expect((await revoke("b", key)).message).toMatch(/the key SHA256:\S+ that it certifies is revoked/);
    await pool.close();
    pool = new ConnectionPool();
    const plain = await revoke("c", key, { hostKeys: [maker.publicKey(key)], hostAuthorities: [] });
    expect(plain.kind).toBe("hostKeyRevoked");
    expect(sshd.count(/publickey/)).toBe(0);
  });

  test("a server without a certificate", async () => {
    const sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    const error = await refusal(trusting(sshd));
    expect(error.message).toContain("the server has no host certificate, and it is an authority (SHA256:");
    expect(error.message).toContain("write the key itself into the known_hosts file");
  });

  test("a server that shows a certificate whose key it does not hold", async () => {
    const { sshd, key } = await certified();
    const impostor = await Sshd.start();
    cleanup.add(() => impostor.stop());
    // *Simulated*: the first connection reaches the real host, the second one the impostor.
    let connections = 0;
    const relay = createServer(socket => {
      const port = connections++ === 0 ? sshd.port : impostor.port;
      const onward = connect(port, "127.0.0.1");
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on("error", () => {});
    });
    await new Promise<void>(resolve => relay.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => relay.close());
    const address = relay.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const error = await refusal(trusting(sshd, { port }));
    expect(connections).toBe(2);
    expect(error.kind).toBe("hostKeyChanged");
    expect(error.message).toContain(impostor.fingerprint());
    expect(error.message).toContain(maker.fingerprint(key));
  });

  test("what is no ssh server", async () => {
    const server = createServer(socket => {
      socket.on("error", () => {});
      socket.end("SSH-2.0-odd\r\nHTTP/1.1 400 Bad Request\r\n\r\n");
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => server.close());
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const target = {
      name: "odd",
      address: "127.0.0.1",
      port,
      user: "root",
      hostKeys: [],
      hostAuthorities: [maker.publicKey(authority)],
    };
    const error = await refusal(target);
    expect(error.kind).toBe("unreachable");
    expect(error.message).toContain("what answers does not speak ssh");
  });
});
