import { randomInt } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Feed } from "./incoming-file";
import { type PeerEndpoint, peerFeed, peerServerScript, SILENCE_SECONDS } from "./peer-scripts";
import { RemoteError } from "./remote-error";
import type { CommandResult, Runner } from "./runner";

/** An ssh key pair that lives as long as one server. */
export interface EphemeralKey {
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  /** Text of a private key file. */
  readonly privateKey: string;
}

export interface PeerServerRequest {
  /** The one file that can be fetched. */
  readonly file: string;
  /** The host's address on the network between the hosts. */
  readonly address: string;
  readonly hostKey: EphemeralKey;
  readonly clientKey: EphemeralKey;
  readonly limitSeconds: number;
}

/** Not those that systems give to outgoing connections by themselves (Linux: ip_local_port_range 32768-60999). */
const PORTS = { from: 20_000, to: 32_000, tries: 8 };
const START_SECONDS = 30;
const ANSWER_SECONDS = 10;
const STOP_SECONDS = 15;

/**
 * A temporary sshd on a host, from which other hosts fetch one file with a key made for it, and can do nothing else. The host's own
 * sshd, keys and configuration are not touched. It ends with `stop`, with its time limit, with this process, and with the connection.
 */
export class PeerServer {
  private readonly input = new PassThrough();
  private readonly ender = new AbortController();
  private readonly ended: Promise<CommandResult>;
  private readonly heart: NodeJS.Timeout;
  private listening: Omit<PeerEndpoint, "address"> | undefined;
  /** Why it has ended. */
  private why: string | undefined;
  /** Its last line, which may not be complete yet. */
  private line = "";
  /** Answers so far to the question whether it lives. */
  private answers = 0;
  private readonly waiting = new Set<() => void>();

  private constructor(
    runner: Runner,
    private readonly request: PeerServerRequest,
  ) {
    const { file, address, limitSeconds, hostKey, clientKey } = request;
    const ports = Array.from({ length: PORTS.tries }, () => randomInt(PORTS.from, PORTS.to));
    // Secrets travel by standard input only.
    this.input.write(`${Buffer.from(hostKey.privateKey).toString("base64")}\n${clientKey.publicKey}\n`);
    this.ended = runner.mutate(
      `let other hosts fetch ${file}`,
      peerServerScript({ file, address, ports, limitSeconds }),
      {
        stdin: this.input,
        timeoutSeconds: limitSeconds,
        signal: this.ender.signal,
        onOutput: (chunk, stream) => stream === "stdout" && this.heard(chunk),
      },
    );
    this.ended.then(
      result => this.over(result.stderr.trim().slice(-500) || `it ended with exit code ${result.exitCode}`),
      error => this.over(error instanceof Error ? error.message : String(error)),
    );
    this.heart = setInterval(() => this.input.write("."), (SILENCE_SECONDS * 1000) / 4);
    this.heart.unref();
  }

  /** @throws RemoteError when the host cannot do that: no sshd, an address that is not its own, a policy that forbids it */
  static async start(runner: Runner, request: PeerServerRequest): Promise<PeerServer> {
    const server = new PeerServer(runner, request);
    await server.word(START_SECONDS, () => server.listening !== undefined);
    if (server.listening) return server;
    await server.stop();
    throw new RemoteError({
      kind: "command",
      host: runner.host,
      address: request.address,
      problem: `it cannot let other hosts fetch ${request.file}: ${server.why ?? `not within ${START_SECONDS} s`}`,
    });
  }

  /** Whether it still serves: asked, not remembered. */
  async isAlive(): Promise<boolean> {
    if (this.why !== undefined) return false;
    const before = this.answers;
    this.input.write(".");
    await this.word(ANSWER_SECONDS, () => this.answers > before);
    return this.why === undefined && this.answers > before;
  }

  /** How another host fetches the file; `stdin` holds the private key. */
  feed(): { readonly feed: Feed; readonly stdin: string } {
    if (!this.listening) throw new Error("the server does not listen");
    const { clientKey, hostKey, address } = this.request;
    const stdin = `${Buffer.from(clientKey.privateKey).toString("base64")}\n${hostKey.publicKey}\n`;
    return { feed: peerFeed({ address, ...this.listening }), stdin };
  }

  /** Ends it, and whoever still fetches from it. */
  async stop(): Promise<void> {
    clearInterval(this.heart);
    this.input.end();
    const patience = setTimeout(() => this.ender.abort(), STOP_SECONDS * 1000);
    await this.ended.catch(() => {});
    clearTimeout(patience);
  }

  private heard(chunk: string): void {
    const lines = `${this.line}${chunk}`.split("\n");
    this.line = lines.pop() ?? "";
    for (const line of lines) {
      const found = /^listening (\d+) (\S+)$/.exec(line);
      if (found) this.listening = { port: Number(found[1]), user: found[2] ?? "" };
      if (line === "alive") this.answers++;
    }
    this.wake();
  }

  private over(why: string): void {
    this.why = why;
    clearInterval(this.heart);
    this.wake();
  }

  private wake(): void {
    for (const look of this.waiting) look();
  }

  /** Resolves when what is waited for came true, when the server ended, or after some seconds. */
  private word(seconds: number, isTrue: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const patience = setTimeout(() => end(), seconds * 1000);
      const look = () => {
        if (isTrue() || this.why !== undefined) end();
      };
      const end = () => {
        clearTimeout(patience);
        this.waiting.delete(look);
        resolve();
      };
      this.waiting.add(look);
      look();
    });
  }
}
