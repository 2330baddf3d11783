import type { Duplex } from "node:stream";
import { Client, type ServerHostKeyAlgorithm } from "ssh2";
import type { Certificate } from "./certificate";
import { fingerprint, type HostKey, hostKeyFromWire } from "./host-key";
import { endpoint, type ResolvedAddress } from "./host-table";
import { trustedCertificate } from "./host-trust";
import { jitteredDelay, pause } from "./pause";
import type { ConnectionPool } from "./pool";
import { RemoteError } from "./remote-error";
import { ConnectionRefusedEarly } from "./ssh-connection";

export interface ScannedKey extends HostKey {
  /** `SHA256:…` as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

/** A server proves one key per handshake, so each type is asked for by itself. */
const TYPES: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ["ssh-ed25519"],
  ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  ["rsa-sha2-512", "rsa-sha2-256"],
];
const TIMEOUT_SECONDS = 15;

/**
 * The host keys that a server holds, best type first, found by handshakes that stop before any login. What it returns is what
 * somebody at that address says: trust it only after comparing the fingerprints. A bastion's own keys are checked as always.
 * @throws RemoteError
 */
export async function scanHostKeys(pool: ConnectionPool, target: ResolvedAddress): Promise<ScannedKey[]> {
  const deadline = Date.now() + TIMEOUT_SECONDS * 1000;
  const keys: ScannedKey[] = [];
  for (const algorithms of TYPES) {
    const key = await untilAnswered(pool, target, deadline, async leftSeconds =>
      handshake(await pool.stream(target, leftSeconds), algorithms, leftSeconds),
    );
    if (key) keys.push({ ...key, fingerprint: fingerprint(key) });
  }
  if (keys.length > 0) return keys;
  throw new RemoteError({
    kind: "unreachable",
    host: target.label,
    address: endpoint(target),
    problem: "the ssh server has no host key of a type that muster takes (ed25519, ecdsa, rsa)",
    remedy: "make one on the host: ssh-keygen -A",
  });
}

/** The certificate that proves that a server is the host, by an authority that is trusted for it. @throws RemoteError */
export async function scanHostCertificate(pool: ConnectionPool, target: ResolvedAddress): Promise<Certificate> {
  return await untilAnswered(pool, target, Date.now() + TIMEOUT_SECONDS * 1000, leftSeconds =>
    trustedCertificate(target, leftSeconds, seconds => pool.stream(target, seconds)),
  );
}

/** Asks a server that hangs up early again. */
async function untilAnswered<T>(
  pool: ConnectionPool,
  target: ResolvedAddress,
  deadline: number,
  ask: (leftSeconds: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await pool.keepingAlive(target, () => ask(Math.max(0.001, (deadline - Date.now()) / 1000)));
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof ConnectionRefusedEarly) || Date.now() > deadline) {
        throw new RemoteError({
          kind: "unreachable",
          host: target.label,
          address: endpoint(target),
          problem: `no ssh handshake: ${reason}`,
          remedy: "check that an ssh server listens there, and its load",
        });
      }
    }
    await pause(jitteredDelay(attempt, 100, 2000));
  }
}

/** Undefined: the server has no key of these types. */
function handshake(
  stream: Duplex,
  algorithms: readonly ServerHostKeyAlgorithm[],
  timeoutSeconds: number,
): Promise<HostKey | undefined> {
  const client = new Client();
  return new Promise((resolve, reject) => {
    let offered: HostKey | undefined;
    const end = (settle: () => void) => {
      client.removeAllListeners();
      client.on("error", () => {});
      client.destroy();
      stream.destroy();
      settle();
    };
    client.once("error", error => {
      if (offered) return end(() => resolve(offered));
      if (/no matching .*host key/i.test(error.message)) return end(() => resolve(undefined));
      const early = /lost before handshake|ECONNRESET/.test(error.message);
      end(() => reject(early ? new ConnectionRefusedEarly(error.message) : error));
    });
    client.once("close", () =>
      end(() => (offered ? resolve(offered) : reject(new ConnectionRefusedEarly("the server closed the connection")))),
    );
    client.connect({
      sock: stream,
      username: "nobody",
      readyTimeout: timeoutSeconds * 1000,
      algorithms: { serverHostKey: [...algorithms] },
      authHandler: [],
      hostVerifier: (wire: Buffer) => {
        offered = hostKeyFromWire(wire);
        return false;
      },
    });
  });
}
