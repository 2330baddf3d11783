import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { Gate } from "./gate";
import { connectionKey, endpoint, type ResolvedAddress } from "./host-table";
import { openTrusted, trustsConnection } from "./host-trust";
import { jitteredDelay, orAborted, pause } from "./pause";
import { reach } from "./reach";
import { RemoteError } from "./remote-error";
import { ChannelRefused, ConnectionRefusedEarly, hostKeyError, type SshConnection } from "./ssh-connection";

/** Under sshd's defaults: MaxStartups 10:30:100 starts to drop at 10, MaxSessions is 10 (OpenSSH 9.2, sshd_config(5)). */
const STARTS_AT_ONCE = 8;
const SESSIONS_AT_ONCE = 8;
const CONNECT_TIMEOUT_SECONDS = 15;
/** How long a full server is asked again for a session. */
const SESSION_TIMEOUT_SECONDS = 60;
/** A host that was just found dead is not asked again by each resource in turn. */
const DEAD_SECONDS = 30;
/** Refused logins add up to a ban of our address (PerSourcePenalties, OpenSSH 9.8), so they are not repeated soon. */
const REFUSED_SECONDS = 60;

interface Entry {
  readonly key: string;
  /** As the last one who asked declared it. */
  target: ResolvedAddress;
  readonly sessions: Gate;
  connection?: SshConnection;
  opening?: Promise<SshConnection>;
  failure?: { readonly error: Error; readonly untilMilliseconds: number };
  /** Sessions that are open now. */
  open: number;
  /** Whoever needs this connection's socket to keep the process alive. */
  holders: number;
}

export interface Session {
  readonly channel: ClientChannel;
  readonly connection: SshConnection;
  /** Gives the place back; call it once the channel is closed. */
  release(): void;
}

export interface SessionOptions {
  readonly signal?: AbortSignal;
  /** Does not queue behind other sessions: for ending one of them. */
  readonly urgent?: boolean;
}

/** One ssh connection per host, shared by everybody in the process, opened at first use. An idle pool lets the process end. */
export class ConnectionPool {
  private readonly entries = new Map<string, Entry>();
  private readonly starts = new Map<string, Gate>();
  private closed = false;

  /** A session running the command. @throws RemoteError, or the signal's reason. */
  async session(target: ResolvedAddress, command: string, options: SessionOptions = {}): Promise<Session> {
    const entry = this.entry(target);
    const deadline = Date.now() + SESSION_TIMEOUT_SECONDS * 1000;
    for (let attempt = 0; ; attempt++) {
      const leave = options.urgent ? () => {} : await entry.sessions.enter(options.signal);
      this.hold(entry);
      const giveUp = () => {
        leave();
        this.unhold(entry);
      };
      try {
        const connection = await orAborted(this.connect(target), options.signal);
        const channel = await this.exec(entry, connection, command);
        return { channel, connection, release: this.releaser(entry, giveUp) };
      } catch (error) {
        giveUp();
        if (!(error instanceof ChannelRefused)) throw error;
        if (options.urgent) return this.separateSession(target, command);
        entry.sessions.narrow(entry.open);
        if (Date.now() > deadline) throw sessionRefused(target, attempt + 1, error);
      }
      await pause(jitteredDelay(attempt, 20, 1000), options.signal);
    }
  }

  /** For ending a command on a server whose sessions are all taken: a connection for this one session. */
  private async separateSession(target: ResolvedAddress, command: string): Promise<Session> {
    const connection = await this.startWithRetry(target);
    const channel = await connection.exec(command);
    return { channel, connection, release: () => connection.close() };
  }

  /** The host's connection, opened if need be. @throws RemoteError */
  async connect(target: ResolvedAddress): Promise<SshConnection> {
    const entry = this.entry(target);
    if (this.closed) throw new Error("the connection pool is closed");
    if (entry.failure && Date.now() < entry.failure.untilMilliseconds) throw entry.failure.error;
    if (!entry.connection || entry.connection.lost !== undefined) {
      entry.opening ??= this.start(entry).finally(() => {
        entry.opening = undefined;
      });
      await entry.opening;
    }
    const connection = entry.connection;
    if (!connection) throw new Error("the connection pool is closed");
    // Another configuration may have opened it under other pins.
    if (!trustsConnection(target, connection)) throw hostKeyError(target, connection.hostKey);
    return connection;
  }

  /** A plain stream to the host's ssh port, through its bastions. @throws RemoteError */
  async stream(target: ResolvedAddress, timeoutSeconds: number): Promise<Duplex> {
    if (!target.bastion) return reach(target, timeoutSeconds);
    const bastion = target.bastion;
    try {
      const connection = await this.connect(bastion);
      return await connection.forward(target.address, target.port);
    } catch (error) {
      if (error instanceof RemoteError) throw error.asBastionOf(target.label);
      const reason = error instanceof Error ? error.message : String(error);
      throw new RemoteError({
        kind: "unreachable",
        host: target.label,
        address: endpoint(target),
        problem: `the bastion ${bastion.label} (${endpoint(bastion)}) gives no way to it: ${reason}`,
        remedy: "check that the bastion allows TCP forwarding and can reach the host",
      });
    }
  }

  /** Keeps the process alive while `act` runs on streams of its own: an idle connection to a bastion does not. */
  async keepingAlive<T>(target: ResolvedAddress, act: () => Promise<T>): Promise<T> {
    if (!target.bastion) return act();
    const entry = this.entry(target.bastion);
    this.hold(entry);
    try {
      return await act();
    } finally {
      this.unhold(entry);
    }
  }

  /** Ends all connections. Commands that still run are lost. */
  async close(): Promise<void> {
    this.closed = true;
    const entries = [...this.entries.values()];
    await Promise.allSettled(entries.map(entry => entry.opening));
    for (const entry of entries) entry.connection?.close();
    this.entries.clear();
  }

  private entry(target: ResolvedAddress): Entry {
    const key = connectionKey(target);
    const known = this.entries.get(key);
    if (known) {
      redeclare(known, target);
      return known;
    }
    const made: Entry = { key, target, sessions: new Gate(SESSIONS_AT_ONCE), open: 0, holders: 0 };
    this.entries.set(key, made);
    return made;
  }

  private async exec(entry: Entry, connection: SshConnection, command: string): Promise<ClientChannel> {
    try {
      const channel = await connection.exec(command);
      entry.open++;
      return channel;
    } catch (error) {
      if (error instanceof ChannelRefused || error instanceof RemoteError) throw error;
      throw new RemoteError({
        kind: "lost",
        host: entry.target.label,
        address: endpoint(entry.target),
        problem: `the connection was lost before the command started: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }

  private releaser(entry: Entry, giveUp: () => void): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      entry.open--;
      giveUp();
    };
  }

  private async start(entry: Entry): Promise<SshConnection> {
    const { target } = entry;
    this.hold(entry);
    try {
      const connection = await this.startWithRetry(target);
      entry.connection = connection;
      entry.failure = undefined;
      if (this.closed) connection.close();
      return connection;
    } catch (error) {
      const seconds =
        error instanceof RemoteError && /authentication|hostKey/.test(error.kind) ? REFUSED_SECONDS : DEAD_SECONDS;
      const known = error instanceof RemoteError ? error.from(target.origin) : error;
      const failure = known instanceof Error ? known : new Error(String(error));
      entry.failure = { error: failure, untilMilliseconds: Date.now() + seconds * 1000 };
      throw failure;
    } finally {
      this.unhold(entry);
      entry.connection?.hold(entry.holders > 0);
    }
  }

  private async startWithRetry(target: ResolvedAddress): Promise<SshConnection> {
    const timeoutSeconds = target.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS;
    const deadline = Date.now() + timeoutSeconds * 1000;
    let early: ConnectionRefusedEarly | undefined;
    for (let attempt = 0; ; attempt++) {
      const leave = await this.startGate(target).enter();
      try {
        const left = Math.max(0.001, (deadline - Date.now()) / 1000);
        return await openTrusted(target, left, seconds => this.stream(target, seconds));
      } catch (error) {
        if (error instanceof ConnectionRefusedEarly) early = error;
        // The last try only had what was left of the time: why the ones before failed says more than that it ended.
        const isOver = Date.now() > deadline || (error instanceof RemoteError && error.kind === "timeout");
        if (early && isOver) throw refusedEarly(target, attempt + 1, early, timeoutSeconds);
        if (!(error instanceof ConnectionRefusedEarly)) throw error;
      } finally {
        leave();
      }
      await pause(jitteredDelay(attempt, 100, 2000));
    }
  }

  /** Connections that come through one bastion count together: they start on its one connection. */
  private startGate(target: ResolvedAddress): Gate {
    const key = target.bastion ? `via ${connectionKey(target.bastion)}` : endpoint(target);
    const gate = this.starts.get(key) ?? new Gate(STARTS_AT_ONCE);
    this.starts.set(key, gate);
    return gate;
  }

  private hold(entry: Entry): void {
    if (entry.holders++ > 0) return;
    entry.connection?.hold(true);
    if (entry.target.bastion) this.hold(this.entry(entry.target.bastion));
  }

  private unhold(entry: Entry): void {
    if (--entry.holders > 0) return;
    entry.connection?.hold(false);
    if (entry.target.bastion) this.unhold(this.entry(entry.target.bastion));
  }
}

/** With other keys or pins than before (`muster trust`, a new secret) a refusal of the old ones says nothing. */
function redeclare(entry: Entry, target: ResolvedAddress): void {
  const isInUse = entry.opening !== undefined || (entry.connection && entry.connection.lost === undefined);
  if (isInUse || entry.target === target || loginText(entry.target) === loginText(target)) return;
  entry.target = target;
  entry.failure = undefined;
}

/** What a login depends on; a host may go by several names. */
function loginText(target: ResolvedAddress): string {
  const others = ["name", "label", "origin", "sudo", "sudoPassword"];
  return JSON.stringify(target, (key, value) => (others.includes(key) ? undefined : value));
}

function refusedEarly(target: ResolvedAddress, attempts: number, error: Error, timeoutSeconds: number): RemoteError {
  return new RemoteError({
    kind: "unreachable",
    host: target.label,
    address: endpoint(target),
    problem: `the ssh server hung up before the login (${error.message}), ${attempts} times within ${timeoutSeconds} s`,
    remedy:
      "check the load of its ssh server, its MaxStartups, and whether it bans this address (PerSourcePenalties, fail2ban)",
  });
}

function sessionRefused(target: ResolvedAddress, attempts: number, error: Error): RemoteError {
  return new RemoteError({
    kind: "command",
    host: target.label,
    address: endpoint(target),
    problem: `the ssh server opens no session (${error.message}), asked ${attempts} times within ${SESSION_TIMEOUT_SECONDS} s`,
    remedy: "check MaxSessions in its sshd_config",
  });
}
