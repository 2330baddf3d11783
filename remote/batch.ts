import { randomBytes } from "node:crypto";
import { pause } from "./pause";
import type { RunningCommand } from "./remote-command";
import { RemoteError, type RemoteErrorKind } from "./remote-error";
import type { CommandResult } from "./runner";
import { quote } from "./shell";

/** Queries asked within this time of the first travel together. */
const GATHER_MILLISECONDS = 3;
/** While the host answers one batch, what is asked meanwhile gathers for the next, this long at most. */
const HOLD_BACK_MILLISECONDS = 200;
const LARGEST_BATCH = 200;
const LARGEST_BATCH_BYTES = 512 * 1024;
/** A query's answer is a fact, not a file. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

interface Query {
  readonly script: string;
  readonly timeoutSeconds: number;
  resolve(result: CommandResult): void;
  reject(error: unknown): void;
  settled: boolean;
  /** Set while this query is the one that the host works on: ends it there. */
  stop?: () => void;
  /** Lost connections so far: a query changes nothing, so it may be asked again. */
  losses: number;
}

export interface BatchHost {
  /** Resolves when the host can be asked; what is asked meanwhile travels along. @throws RemoteError */
  ready(): Promise<void>;
  /** Starts one script in a session of its own, without a limit of its own. */
  start(script: string): Promise<RunningCommand>;
  error(kind: RemoteErrorKind, problem: string): RemoteError;
}

/**
 * Sends the queries of one host together, in one ssh session: each in its own subshell, one after the other, answers framed by a random
 * mark. A query that hangs is stopped at its own limit, and those behind it travel again without it.
 */
export class QueryBatcher {
  private waiting: Query[] = [];
  private gathering = false;
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly host: BatchHost) {}

  /** @throws RemoteError */
  ask(script: string, timeoutSeconds: number, signal?: AbortSignal): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const cancelled = () => this.host.error("cancelled", "the query was cancelled");
      if (signal?.aborted) return reject(cancelled());
      const cancel = () => {
        query.reject(cancelled());
        query.stop?.();
      };
      const settle = () => {
        query.settled = true;
        signal?.removeEventListener("abort", cancel);
      };
      const query: Query = {
        script,
        timeoutSeconds,
        settled: false,
        losses: 0,
        resolve: result => {
          settle();
          resolve(result);
        },
        reject: error => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.add([query]);
    });
  }

  private add(queries: readonly Query[]): void {
    if (queries.length === 0) return;
    this.waiting.push(...queries);
    if (this.gathering) return;
    this.gathering = true;
    setTimeout(() => void this.dispatch(), GATHER_MILLISECONDS);
  }

  private async dispatch(): Promise<void> {
    try {
      await this.host.ready();
      if (this.running.size > 0) await Promise.race([...this.running, pause(HOLD_BACK_MILLISECONDS)]);
    } catch (error) {
      this.gathering = false;
      for (const query of this.waiting.splice(0)) query.reject(error);
      return;
    }
    this.gathering = false;
    const due = this.waiting.splice(0).filter(query => !query.settled);
    for (const group of groups(due)) {
      const run = this.run(group).finally(() => this.running.delete(run));
      this.running.add(run);
    }
  }

  private async run(queries: readonly Query[]): Promise<void> {
    const mark = randomBytes(16).toString("hex");
    const progress = new BatchProgress(queries, mark, this.host);
    try {
      const command = await this.host.start(
        composeBatch(
          queries.map(query => query.script),
          mark,
        ),
      );
      progress.watch(command);
      await command.exitCode;
      progress.rejectRest();
    } catch (error) {
      this.add(progress.afterFailure(error));
    } finally {
      progress.stop();
    }
  }
}

/** Follows the answers of one session as they come. */
class BatchProgress {
  private readonly stdout: FrameReader;
  private readonly stderr: FrameReader;
  private answered = 0;
  private timer: NodeJS.Timeout | undefined;
  private command: RunningCommand | undefined;

  constructor(
    private readonly queries: readonly Query[],
    mark: string,
    private readonly host: BatchHost,
  ) {
    this.stdout = new FrameReader(mark);
    this.stderr = new FrameReader(mark);
  }

  watch(command: RunningCommand): void {
    this.command = command;
    this.startTimer();
    command.stdout.on("data", (chunk: Buffer) => this.take(this.stdout, chunk));
    command.stderr.on("data", (chunk: Buffer) => this.take(this.stderr, chunk));
  }

  /** Those that should travel again. The others are told. */
  afterFailure(error: unknown): Query[] {
    const left = this.queries.slice(this.answered).filter(query => !query.settled);
    const stoppedForOne = error instanceof RemoteError && this.queries[this.answered]?.settled === true;
    const lost = error instanceof RemoteError && error.kind === "lost";
    const again = left.filter(query => stoppedForOne || (lost && query.losses++ === 0));
    for (const query of left) if (!again.includes(query)) query.reject(error);
    return again;
  }

  /** The shell ended, and some were never answered. */
  rejectRest(): void {
    const error = this.host.error(
      "command",
      "the shell of a query ended before it answered: a query must not kill its parents",
    );
    for (const query of this.queries) if (!query.settled) query.reject(error);
  }

  stop(): void {
    clearTimeout(this.timer);
    const current = this.queries[this.answered];
    if (current) current.stop = undefined;
  }

  private startTimer(): void {
    clearTimeout(this.timer);
    const previous = this.queries[this.answered - 1];
    if (previous) previous.stop = undefined;
    const current = this.queries[this.answered];
    if (!current) return;
    const { timeoutSeconds } = current;
    const timeout = () =>
      this.giveUp(this.host.error("timeout", `a query was not answered within ${timeoutSeconds} s and was stopped`));
    this.timer = setTimeout(timeout, timeoutSeconds * 1000);
    current.stop = () => this.giveUp(this.host.error("cancelled", "a query was cancelled"));
    if (current.settled) current.stop();
  }

  /** Ends what the host works on now. What comes behind it travels again. */
  private giveUp(error: RemoteError): void {
    const current = this.queries[this.answered];
    if (current && !current.settled) current.reject(error);
    this.command?.abort(error);
  }

  private take(reader: FrameReader, chunk: Buffer): void {
    reader.push(chunk);
    if (reader.pendingBytes > LARGEST_ANSWER_BYTES) {
      const mebibytes = LARGEST_ANSWER_BYTES / 1024 / 1024;
      this.giveUp(this.host.error("command", `the answer to a query is larger than ${mebibytes} MiB`));
      return;
    }
    for (;;) {
      const query = this.queries[this.answered];
      const out = this.stdout.frames[this.answered];
      const err = this.stderr.frames[this.answered];
      if (!query || !out || !err) return;
      this.answered++;
      this.startTimer();
      if (!query.settled) query.resolve({ exitCode: out.code, stdout: out.text, stderr: err.text });
    }
  }
}

interface Frame {
  readonly text: string;
  readonly code: number;
}

/** Cuts one output into frames: bytes, mark, colon, exit code, newline. */
class FrameReader {
  readonly frames: Frame[] = [];
  private chunks: Buffer[] = [];
  pendingBytes = 0;
  private readonly mark: Buffer;

  constructor(mark: string) {
    this.mark = Buffer.from(`${mark}:`);
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.pendingBytes += chunk.length;
    // A frame ends in a newline: without one in this chunk nothing can be complete.
    if (!chunk.includes(10)) return;
    let rest = Buffer.concat(this.chunks);
    for (;;) {
      const start = rest.indexOf(this.mark);
      const end = start < 0 ? -1 : rest.indexOf(10, start);
      if (end < 0) break;
      const code = Number(rest.toString("latin1", start + this.mark.length, end));
      this.frames.push({ text: rest.toString("utf8", 0, start), code });
      rest = rest.subarray(end + 1);
    }
    this.chunks = [rest];
    this.pendingBytes = rest.length;
  }
}

/** One script that runs them all. A syntax error, an `exit` or a `set -e` stays in its own subshell. */
export function composeBatch(scripts: readonly string[], mark: string): string {
  return scripts
    .map(
      text =>
        `( eval ${quote(text)} ) </dev/null; c=$?; printf '%s:%s\\n' ${mark} $c; printf '%s:%s\\n' ${mark} $c >&2\n`,
    )
    .join("");
}

function groups(queries: readonly Query[]): Query[][] {
  const made: Query[][] = [];
  let bytes = 0;
  for (const query of queries) {
    const last = made.at(-1);
    bytes += query.script.length;
    if (last && last.length < LARGEST_BATCH && bytes <= LARGEST_BATCH_BYTES) last.push(query);
    else {
      made.push([query]);
      bytes = query.script.length;
    }
  }
  return made;
}
