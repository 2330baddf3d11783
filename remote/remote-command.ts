import { randomBytes } from "node:crypto";
import { Readable, finished as whenFinished } from "node:stream";
import { finished } from "node:stream/promises";
import type { AccessMode } from "./access";
import {
  type AfterScript,
  killGroupScript,
  type ProcessIdentity,
  parseProcessIdentity,
  preamble,
  SESSION_COMMAND,
  sudoMark,
} from "./bootstrap";
import { cancelled, commandError, timedOut } from "./command-errors";
import type { ResolvedAddress } from "./host-table";
import { MarkedOutput } from "./marked-output";
import { pause } from "./pause";
import type { ConnectionPool, Session } from "./pool";
import { RemoteError, type RemoteErrorKind } from "./remote-error";
import { signalNumber } from "./signal-number";

/** How long the end of a process group may take, connecting included. */
const KILL_TIMEOUT_SECONDS = 20;
/** How long a shell that just started may take to tell its process id. */
const PID_TIMEOUT_SECONDS = 5;
/** How much later than we the host itself ends a change: it must not race with our own end of it. */
const FAR_SIDE_GRACE_SECONDS = 30;
/** How long sudo may think about a password. */
const SUDO_TIMEOUT_SECONDS = 30;

export interface CommandRequest {
  readonly script: string;
  readonly access: AccessMode;
  readonly sudoPassword?: string;
  readonly stdin?: string | Buffer | NodeJS.ReadableStream;
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** Takes no part in the queue for sessions: for ending other commands. */
  readonly urgent?: boolean;
  /** It changes the host, so without `stdin` it hangs on a lifeline: it ends on the host when we or the connection die. */
  readonly change?: boolean;
  /** Told when the connection was lost under it: it may still be at work there. */
  readonly onOrphan?: (process: ProcessIdentity) => void;
}

/** A script at work on a host. Both outputs must be read, or it stands still. */
export interface RunningCommand {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit code, 128 + n after signal n, once both outputs are complete. @throws RemoteError */
  readonly exitCode: Promise<number>;
  /** Ends the whole process group on the host, then `exitCode` fails with this error. */
  abort(error: RemoteError): void;
}

/** Starts the script; resolves when its session is open. @throws RemoteError */
export async function startCommand(
  pool: ConnectionPool,
  target: ResolvedAddress,
  request: CommandRequest,
): Promise<RunningCommand> {
  const session = await openSession(pool, target, request);
  return new ActiveCommand(pool, target, request, session);
}

async function openSession(pool: ConnectionPool, target: ResolvedAddress, request: CommandRequest): Promise<Session> {
  try {
    return await pool.session(target, SESSION_COMMAND, { signal: request.signal, urgent: request.urgent });
  } catch (error) {
    if (request.signal?.aborted && !(error instanceof RemoteError)) throw cancelled(target);
    throw error;
  }
}

class ActiveCommand implements RunningCommand {
  readonly stdout: MarkedOutput;
  readonly stderr: MarkedOutput;
  readonly exitCode: Promise<number>;
  private readonly nonce = randomBytes(16).toString("hex");
  private settle: { resolve: (code: number) => void; reject: (error: Error) => void } | undefined;
  private exit: { code: number | null; signal?: string } | undefined;
  private process: ProcessIdentity | undefined;
  private onPid: ((pid: number) => void) | undefined;
  private aborting = false;
  private timer: NodeJS.Timeout | undefined;
  private sudoTimer: NodeJS.Timeout | undefined;
  private readonly off: () => void;
  private readonly onAbort = () => this.abort(cancelled(this.target));
  private sendRest: (() => void) | undefined;

  constructor(
    private readonly pool: ConnectionPool,
    private readonly target: ResolvedAddress,
    private readonly request: CommandRequest,
    private readonly session: Session,
  ) {
    const { channel } = session;
    this.exitCode = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // Whoever only reads the outputs must not end the process by an unhandled rejection.
    this.exitCode.catch(() => {});
    this.stdout = new MarkedOutput(this.nonce, () => {});
    this.stderr = new MarkedOutput(
      `${this.nonce} `,
      line => this.started(parseProcessIdentity(line)),
      noise => this.watchSudo(noise),
    );
    // Readers that care have their own listener.
    this.stdout.on("error", () => {});
    this.stderr.on("error", () => {});
    channel.on("exit", (code: number | null, signal?: string) => {
      this.exit = { code, signal };
      if (this.hasLifeline) channel.end();
    });
    channel.on("error", () => {});
    channel.on("close", () => void this.closed());
    channel.pipe(this.stdout);
    channel.stderr.pipe(this.stderr);
    this.off = session.connection.onLost(reason => {
      if (this.process) request.onOrphan?.(this.process);
      this.fail("lost", `the connection was lost while a command ran: ${reason}`);
    });
    request.signal?.addEventListener("abort", this.onAbort, { once: true });
    this.timer = setTimeout(() => this.abort(timedOut(target, request.timeoutSeconds)), request.timeoutSeconds * 1000);
    this.send();
    if (request.signal?.aborted) this.onAbort();
  }

  abort(error: RemoteError): void {
    if (this.aborting || !this.settle) return;
    this.aborting = true;
    void this.endGroup().then(ended => {
      const left = ended
        ? error
        : new RemoteError({ ...error.details, problem: `${error.details.problem}; it may still run on the host` });
      this.reject(left);
      this.session.channel.close();
    });
  }

  private send(): void {
    const { channel } = this.session;
    const { script, access, sudoPassword, stdin } = this.request;
    const lines = preamble(script, { nonce: this.nonce, access, sudoPassword, ...this.afterScript() });
    this.sendRest = () => {
      this.sendRest = undefined;
      clearTimeout(this.sudoTimer);
      channel.write(lines.rest);
      if (stdin !== undefined) this.sendPayload(stdin);
      else if (!this.hasLifeline) channel.end();
    };
    if (lines.opening !== "") channel.write(lines.opening);
    if (lines.waitFor === undefined) this.sendRest();
    else this.sudoTimer = setTimeout(() => this.sudoRefused("no answer"), SUDO_TIMEOUT_SECONDS * 1000);
  }

  private get hasLifeline(): boolean {
    return this.request.change === true && this.request.stdin === undefined;
  }

  private afterScript(): { after?: AfterScript } {
    if (this.request.stdin !== undefined) return { after: { kind: "payload" } };
    if (!this.hasLifeline) return {};
    return { after: { kind: "lifeline", limitSeconds: this.request.timeoutSeconds + FAR_SIDE_GRACE_SECONDS } };
  }

  private sendPayload(stdin: string | Buffer | NodeJS.ReadableStream): void {
    const { channel } = this.session;
    if (typeof stdin === "string" || Buffer.isBuffer(stdin)) {
      channel.end(stdin);
      return;
    }
    // Also told when the stream broke before anybody listened.
    whenFinished(stdin, { writable: false }, error => {
      if (error)
        this.abort(commandError(this.target, "command", `the data for its standard input broke off: ${error.message}`));
    });
    stdin.pipe(channel);
  }

  private started(process: ProcessIdentity): void {
    this.process = process;
    this.onPid?.(process.pid);
  }

  /** Before the script speaks, standard error is sudo's. */
  private watchSudo(noise: Buffer): void {
    if (this.request.access !== "password" || !this.sendRest) return;
    const text = noise.toString();
    if (text.includes(sudoMark(this.nonce))) this.sendRest();
    else if (/try again|incorrect password/i.test(text)) this.sudoRefused("the password is wrong");
  }

  private sudoRefused(reason: string): void {
    this.sendRest = undefined;
    this.fail("sudo", `sudo does not let user "${this.target.user}" in: ${reason}`);
    this.session.channel.end();
    this.session.channel.close();
  }

  private async closed(): Promise<void> {
    this.session.release();
    if (this.aborting || !this.settle) return;
    await Promise.allSettled([finished(this.stdout), finished(this.stderr)]);
    if (this.aborting) return;
    if (!this.stderr.started) return this.fail(...this.whyNotStarted());
    if (!this.exit) return this.fail("lost", "the session ended without an exit code; the command may go on");
    const { code, signal } = this.exit;
    this.finish(() => this.settle?.resolve(code ?? 128 + signalNumber(signal)));
  }

  private whyNotStarted(): [RemoteErrorKind, string] {
    const said =
      this.stderr.noise.toString().trim().slice(-500) || this.stdout.noise.toString().trim().slice(-500) || "nothing";
    if (this.request.access === "passwordless" || this.request.access === "password") {
      return ["sudo", `sudo does not let user "${this.target.user}" in: ${said}`];
    }
    return ["command", `the login shell of user "${this.target.user}" started no /bin/sh; it said: ${said}`];
  }

  /** Whether the group is proven gone. */
  private async endGroup(): Promise<boolean> {
    const { connection, channel } = this.session;
    if (connection.lost !== undefined) return false;
    // Standard input stays open until the group is gone: an early end would look like the whole of the data.
    const pid = await this.knownPid();
    if (pid === undefined) {
      channel.signal("KILL");
      return false;
    }
    try {
      const killer = await startCommand(this.pool, this.target, {
        script: killGroupScript(pid),
        access: this.request.access,
        sudoPassword: this.request.sudoPassword,
        timeoutSeconds: KILL_TIMEOUT_SECONDS,
        signal: AbortSignal.timeout(KILL_TIMEOUT_SECONDS * 1000),
        urgent: true,
      });
      killer.stdout.resume();
      killer.stderr.resume();
      return (await killer.exitCode) === 0;
    } catch {
      // The ssh server itself can signal the group (not for root, OpenSSH 9.2, session.c), but tells nobody how it went.
      channel.signal("KILL");
      return false;
    }
  }

  /** The shell tells its id on standard error, which may come after what it printed on the other output. */
  private async knownPid(): Promise<number | undefined> {
    const known = this.process;
    if (known) return known.pid;
    const patience = new AbortController();
    const ended = new Promise<void>(resolve => this.session.channel.once("close", () => resolve()));
    const late = pause(PID_TIMEOUT_SECONDS * 1000, patience.signal).catch(() => {});
    const told = new Promise<number>(resolve => {
      this.onPid = resolve;
    });
    const pid = await Promise.race([told, ended, late]);
    patience.abort();
    return pid ?? undefined;
  }

  private fail(kind: RemoteErrorKind, problem: string): void {
    this.reject(commandError(this.target, kind, problem));
  }

  private reject(error: RemoteError): void {
    this.finish(() => this.settle?.reject(error));
    // Whoever reads the outputs must not take the broken end for the end.
    this.stdout.destroy(error);
    this.stderr.destroy(error);
  }

  private finish(settle: () => void): void {
    if (!this.settle) return;
    settle();
    this.settle = undefined;
    clearTimeout(this.timer);
    clearTimeout(this.sudoTimer);
    this.off();
    this.request.signal?.removeEventListener("abort", this.onAbort);
    this.session.release();
    this.stopPayload();
  }

  private stopPayload(): void {
    const { stdin } = this.request;
    if (stdin instanceof Readable) {
      stdin.unpipe(this.session.channel);
      if (!stdin.readableEnded) stdin.destroy();
    }
  }
}
