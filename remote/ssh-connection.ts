import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel, type ServerHostKeyAlgorithm } from "ssh2";
import { Authentication } from "./authentication";
import type { Certificate } from "./certificate";
import { describeHostKey, type HostKey, hostKeyFromWire, parseHostKey } from "./host-key";
import { endpoint, type ResolvedAddress } from "./host-table";
import { RemoteError } from "./remote-error";

const DEFAULT_KEEPALIVE_SECONDS = 15;
const KEEPALIVE_MISSES = 3;

/** Best first. A pinned type is asked for before any other. */
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** The server hung up before it said who it is: what MaxStartups does to a connection too many. Worth another try. */
export class ConnectionRefusedEarly extends Error {}

/** One logged-in ssh2 client. Knows nothing of pools, scripts or sudo. */
export class SshConnection {
  /** Why the connection is gone; undefined while it is up. */
  lost: string | undefined;
  /** The certificate by which the host key is trusted; undefined when it is pinned. */
  hostCertificate: Certificate | undefined;
  private unanswered = 0;
  private readonly pulse: NodeJS.Timeout;
  private readonly farewells = new Set<(reason: string) => void>();

  private constructor(
    private readonly client: Client,
    private readonly socket: Duplex,
    /** The host key that the server proved to hold. */
    readonly hostKey: HostKey,
    private readonly keepaliveSeconds: number,
  ) {
    client.on("error", error => this.fail(error.message));
    client.on("close", () => this.fail("the server closed the connection"));
    this.pulse = setInterval(() => this.beat(), keepaliveSeconds * 1000);
    this.pulse.unref();
  }

  /**
   * Key exchange, host key check, login, over a stream that is already connected.
   * @throws RemoteError; ConnectionRefusedEarly when another try may do better.
   */
  static open(socket: Duplex, target: ResolvedAddress, timeoutSeconds: number): Promise<SshConnection> {
    const client = new Client();
    const authentication = new Authentication(target);
    const pinned = pinnedKeys(target);
    let offered: HostKey | undefined;
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        client.removeAllListeners();
        // The socket may still report its own end; nobody is interested any more.
        client.on("error", () => {});
        client.destroy();
        socket.destroy();
        reject(error);
      };
      client.once("ready", () => {
        if (!offered) return refuse(new Error("ssh2 skipped the check of the host key"));
        client.removeAllListeners();
        resolve(new SshConnection(client, socket, offered, target.keepaliveSeconds ?? DEFAULT_KEEPALIVE_SECONDS));
      });
      client.once("close", () => refuse(new ConnectionRefusedEarly("the server closed the connection during login")));
      client.on("error", error => {
        // ssh2 goes on to the next way by itself.
        if ("level" in error && error.level === "agent") return authentication.signingFailed(error.message);
        refuse(openingError(error, target, authentication, offered, timeoutSeconds));
      });
      client.connect({
        sock: socket,
        username: target.user,
        readyTimeout: timeoutSeconds * 1000,
        // ssh2's own keepalive timer would hold an idle process open: see beat().
        keepaliveInterval: 0,
        authHandler: authentication.handler(client),
        algorithms: { serverHostKey: preferPinned(pinned) },
        hostVerifier: (wire: Buffer) => {
          offered = hostKeyFromWire(wire);
          return pinned.some(key => key.base64 === offered?.base64);
        },
      });
    });
  }

  /** A channel with the command started by the user's login shell. @throws ChannelRefused, Error */
  exec(command: string): Promise<ClientChannel> {
    return this.channel(done => this.client.exec(command, { allowHalfOpen: true }, done));
  }

  /** A stream to an address as the host sees it. */
  forward(address: string, port: number): Promise<ClientChannel> {
    return this.channel(done => this.client.forwardOut("127.0.0.1", 0, address, port, done));
  }

  /** Called once, when the connection is gone. */
  onLost(listener: (reason: string) => void): () => void {
    this.farewells.add(listener);
    return () => this.farewells.delete(listener);
  }

  /** Whether this connection keeps the process alive. */
  hold(wanted: boolean): void {
    if (!(this.socket instanceof Socket)) return;
    if (wanted) this.socket.ref();
    else this.socket.unref();
  }

  close(): void {
    this.fail("closed at the end of the run");
    this.client.end();
    this.socket.destroy();
  }

  private channel(
    start: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      if (this.lost !== undefined) return reject(new Error(this.lost));
      const off = this.onLost(reason => reject(new Error(reason)));
      try {
        start((error, channel) => {
          off();
          if (error) reject(asChannelError(error));
          else resolve(channel);
        });
      } catch (error) {
        off();
        reject(error);
      }
    });
  }

  private fail(reason: string): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    clearInterval(this.pulse);
    for (const listener of this.farewells) listener(reason);
    this.farewells.clear();
    this.client.removeAllListeners();
    this.client.on("error", () => {});
    this.socket.destroy();
  }

  /**
   * A global request that every server must answer (RFC 4254, 4) and that changes nothing: a forwarding that was never set up
   * is taken down. Its refusal is the sign of life.
   */
  private beat(): void {
    if (this.unanswered >= KEEPALIVE_MISSES) {
      this.fail(`no sign of life for ${this.keepaliveSeconds * KEEPALIVE_MISSES} s`);
      return;
    }
    this.unanswered++;
    try {
      this.client.unforwardIn("127.0.0.1", 1, () => {
        this.unanswered = 0;
      });
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The server would not open one more channel (MaxSessions, or a forbidden or failed forwarding). */
export class ChannelRefused extends Error {}

function asChannelError(error: Error): Error {
  return error.message.includes("Channel open failure") ? new ChannelRefused(error.message) : error;
}

function preferPinned(pinned: readonly HostKey[]): ServerHostKeyAlgorithm[] {
  const types = new Set(
    pinned.flatMap(key => (key.type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [key.type])),
  );
  const first = HOST_KEY_ALGORITHMS.filter(algorithm => types.has(algorithm));
  return [...first, ...HOST_KEY_ALGORITHMS.filter(algorithm => !types.has(algorithm))];
}

function openingError(
  error: Error,
  target: ResolvedAddress,
  authentication: Authentication,
  offered: HostKey | undefined,
  timeoutSeconds: number,
): Error {
  const where = { host: target.label, address: endpoint(target) };
  const level = "level" in error ? error.level : undefined;
  if (error.message.includes("Host denied") || (offered && error.message.includes("verification failed"))) {
    return hostKeyError(target, offered);
  }
  if (level === "client-authentication" || error.message.includes("Too many authentication failures")) {
    return authentication.refusal(error);
  }
  if (level === "client-timeout") {
    return new RemoteError({
      ...where,
      kind: "timeout",
      problem: `the ssh server did not finish the login within ${timeoutSeconds} s`,
      remedy: "check the load of the host, or raise connectTimeoutSeconds",
    });
  }
  if (/lost before handshake|ECONNRESET|EPIPE/.test(error.message)) return new ConnectionRefusedEarly(error.message);
  return new RemoteError({ ...where, kind: "unreachable", problem: `the ssh login broke off: ${error.message}` });
}

/** The pinned keys that are not revoked. */
function pinnedKeys({ hostKeys, revokedHostKeys = [] }: ResolvedAddress): HostKey[] {
  const revoked = revokedHostKeys.map(text => parseHostKey(text)?.base64);
  return hostKeys.map(parseHostKey).filter(key => key !== undefined && !revoked.includes(key.base64)) as HostKey[];
}

/** Unknown: nothing is pinned. Changed: something else is. Revoked: nothing can make it trusted. */
export function hostKeyError(target: ResolvedAddress, offered: HostKey | undefined): RemoteError {
  const where = { host: target.label, address: endpoint(target) };
  const pinned = pinnedKeys(target);
  const shown = offered ? describeHostKey(offered) : "a key of an unknown form";
  if (target.revokedHostKeys?.some(text => parseHostKey(text)?.base64 === offered?.base64)) {
    return new RemoteError({
      ...where,
      kind: "hostKeyRevoked",
      problem: `the server offers host key ${shown}, which is revoked`,
      remedy: "give the host a new key (ssh-keygen -A after removing the old one), then `muster trust <cluster file>`",
    });
  }
  if (pinned.length === 0) {
    return new RemoteError({
      ...where,
      kind: "hostKeyUnknown",
      problem: `no host key is pinned; the server offers ${shown}`,
      remedy:
        "compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then `muster trust <cluster file>`",
    });
  }
  return new RemoteError({
    ...where,
    kind: "hostKeyChanged",
    problem: `the server offers host key ${shown}, but pinned is ${pinned.map(describeHostKey).join(", ")}: it was reinstalled, or somebody is in between`,
    remedy: "find out why; only if the change is meant, `muster trust <cluster file>`",
  });
}
