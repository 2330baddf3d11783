import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** How a connection is harmed. */
export type Harm =
  /** Both sides are cut off at once. */
  | "drop"
  /** Nothing goes through any more, in either direction; both sides stay open. */
  | "stall"
  /** The client is told that the server has ended; the other direction stays open. */
  | "half-close";

/** Where in an ssh connection the harm begins. */
export type Phase =
  /** The server has said nothing yet. */
  | "banner"
  /** Both have said who they are; the server's first message of the key exchange is under way. */
  | "key exchange"
  /** The keys are in use; the login is under way. */
  | "login";

export interface Plan {
  readonly harm: Harm;
  readonly phase: Phase;
  /** Only so many connections, counted from now. Default: all. */
  readonly connections?: number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  stalled: boolean;
}

/** A TCP relay on loopback in front of one ssh server; connections go through unharmed until it is told otherwise. */
export class TcpRelay {
  /** Connections that were accepted so far. */
  accepted = 0;
  private readonly pairs = new Set<Pair>();
  private plan: Plan | undefined;
  private left = 0;
  /** Bytes that the client may still send; then `harm`. */
  private quota: { bytes: number; readonly harm: Harm; readonly reached: () => void } | undefined;
  private target: { readonly host: string; readonly port: number };
  private readonly server: Server;

  private constructor(host: string, port: number) {
    this.target = { host, port };
    // Half-open sockets stay half-open: the harm decides who ends.
    this.server = createServer({ allowHalfOpen: true }, client => this.accept(client));
  }

  static async to(host: string, port: number): Promise<TcpRelay> {
    const relay = new TcpRelay(host, port);
    await new Promise<void>(resolve => relay.server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the relay listens on no port");
    return address.port;
  }

  /** Harms connections that come from now on. */
  harmNew(plan: Plan): void {
    this.plan = plan;
    this.left = plan.connections ?? Number.POSITIVE_INFINITY;
  }

  /** Harms the connections that are open. */
  harmOpen(harm: Harm): void {
    for (const pair of this.pairs) inflict(pair, harm);
  }

  /** Harms the open connections once the client has sent so many more bytes. Resolves when that happened. */
  harmAfter(bytes: number, harm: Harm): Promise<void> {
    return new Promise(reached => {
      this.quota = { bytes, harm, reached };
    });
  }

  /** Sends new connections to another server, as if the host had been reinstalled. */
  divert(host: string, port: number): void {
    this.target = { host, port };
  }

  /** New connections are unharmed; those that stand still are ended. */
  lift(): void {
    this.plan = undefined;
    this.quota = undefined;
    for (const pair of this.pairs) if (pair.stalled) inflict(pair, "drop");
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.server.close(resolve));
    for (const pair of this.pairs) inflict(pair, "drop");
    await closed;
  }

  private accept(client: Socket): void {
    this.accepted++;
    const server = dial({ ...this.target, allowHalfOpen: true });
    const pair: Pair = { client, server, stalled: false };
    this.pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // A reset is what this is about.
      socket.on("error", () => inflict(pair, "drop"));
      socket.on("close", () => {
        if (client.destroyed && server.destroyed) this.pairs.delete(pair);
      });
    }
    const plan = this.left > 0 ? this.plan : undefined;
    if (plan) this.left--;
    const watch = plan && new SshPhases(plan.phase, () => inflict(pair, plan.harm));
    pass(pair, client, server, chunk => this.count(chunk));
    pass(pair, server, client, chunk => watch?.reachedBefore(chunk) ?? false);
  }

  /** True: the chunk must not go through any more. */
  private count(chunk: Buffer): boolean {
    const { quota } = this;
    if (!quota) return false;
    quota.bytes -= chunk.length;
    if (quota.bytes > 0) return false;
    this.quota = undefined;
    this.harmOpen(quota.harm);
    quota.reached();
    return true;
  }
}

function pass(pair: Pair, from: Socket, to: Socket, isOver: (chunk: Buffer) => boolean): void {
  from.on("data", chunk => {
    if (pair.stalled || isOver(chunk)) return;
    if (!to.destroyed && !to.writableEnded && !to.write(chunk)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  from.on("end", () => {
    if (!pair.stalled && !to.destroyed) to.end();
  });
  from.on("close", () => {
    if (!pair.stalled) to.destroy();
  });
}

function inflict(pair: Pair, harm: Harm): void {
  if (harm === "half-close") {
    pair.client.end();
    return;
  }
  if (harm === "stall") {
    pair.stalled = true;
    // Unread data would be acknowledged by the kernel until its buffers are full, as on a link that just died.
    pair.client.pause();
    pair.server.pause();
    return;
  }
  pair.stalled = false;
  pair.client.resetAndDestroy();
  pair.server.destroy();
}

const NEW_KEYS = 21;

/** Follows what a server says in clear: banner, then binary packets (RFC 4253, 6) up to the use of the keys. */
class SshPhases {
  private seen = Buffer.alloc(0);
  private isOver = false;

  constructor(
    private readonly phase: Phase,
    private readonly reached: () => void,
  ) {}

  /** True from the chunk on with which the phase begins; that chunk must not go through. */
  reachedBefore(chunk: Buffer): boolean {
    if (this.isOver) return true;
    if (this.phase === "banner") return this.over();
    this.seen = Buffer.concat([this.seen, chunk]);
    const banner = this.seen.indexOf("\n");
    if (banner < 0) return false;
    let at = banner + 1;
    // Most of the first message goes through with the banner: a part of a message is what a dying link leaves.
    if (this.phase === "key exchange") return this.seen.length > at ? this.over() : false;
    while (this.seen.length >= at + 6) {
      const isNewKeys = this.seen[at + 5] === NEW_KEYS;
      at += 4 + this.seen.readUInt32BE(at);
      if (isNewKeys) return this.seen.length > at ? this.over() : false;
    }
    return false;
  }

  private over(): boolean {
    this.isOver = true;
    this.reached();
    return true;
  }
}
