import { randomBytes } from "node:crypto";
import type { RunningCommand } from "./remote-command";
import { RemoteError } from "./remote-error";
import type { CommandResult } from "./runner";
import { quote } from "./shell";

/** Queries asked within this time of the first travel together. */
const GATHER_MILLISECONDS = 3;
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
  /** Lost connections so far: a query changes nothing, so it may be asked again. */
  losses: number;
}

export interface BatchHost {
  /** Resolves when the host can be asked; what is asked meanwhile travels along. @throws RemoteError */
  ready(): Promise<void>;
  /** Starts one script in a session of its own, without a limit of its own. */
  start(script: string): Promise<RunningCommand>;
  timedOut(seconds: number): RemoteError;
  cancelled(): RemoteError;
}

/**
 * Sends the queries of one host together, in one ssh session: each in its own subshell, one after the other, answers framed by a random
 * mark. A query that hangs is stopped at its own limit, and those behind it travel again without it.
 */
export class QueryBatcher {
  private waiting: Query[] = [];
  private gathering = false;

  constructor(private readonly host: BatchHost) {}

  /** @throws RemoteError */
  ask(script: string, timeoutSeconds: number, signal?: AbortSignal): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(this.host.cancelled());
      const cancel = () => query.reject(this.host.cancelled());
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
    } catch (error) {
      this.gathering = false;
      for (const query of this.waiting.splice(0)) query.reject(error);
      return;
    }
    this.gathering = false;
    const due = this.waiting.splice(0).filter(query => !query.settled);
    for (const group of groups(due)) void this.run(group);
  }

  private async run(queries: readonly Query[]): Promise<void> {
    const mark = randomBytes(16).toString("hex");
    const progress = new BatchProgress(queries, mark);
    try {
      const command = await this.host.start(
        composeBatch(
          queries.map(query => query.script),
          mark,
        ),
      );
      progress.watch(command, query => this.host.timedOut(query.timeoutSeconds), this.host.cancelled());
      await command.exitCode;
      progress.rejectRest(new Error("the shell ended before it answered: a query must not kill its parents"));
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
  private stopFor: ((query: Query) => void) | undefined;

  constructor(
    private readonly queries: readonly Query[],
    mark: string,
  ) {
    this.stdout = new FrameReader(mark);
    this.stderr = new FrameReader(mark);
  }

  watch(command: RunningCommand, timedOut: (query: Query) => RemoteError, cancelled: RemoteError): void {
    this.stopFor = query => {
      const error = query.settled ? cancelled : timedOut(query);
      query.reject(error);
      command.abort(error);
    };
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

  rejectRest(error: Error): void {
    for (const query of this.queries) if (!query.settled) query.reject(error);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private startTimer(): void {
    clearTimeout(this.timer);
    const current = this.queries[this.answered];
    if (current) this.timer = setTimeout(() => this.stopFor?.(current), current.timeoutSeconds * 1000);
  }

  private take(reader: FrameReader, chunk: Buffer): void {
    reader.push(chunk);
    if (reader.pendingBytes > LARGEST_ANSWER_BYTES) this.giveUpOnCurrent();
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

  private giveUpOnCurrent(): void {
    const current = this.queries[this.answered];
    current?.reject(new Error(`the answer to a query is larger than ${LARGEST_ANSWER_BYTES / 1024 / 1024} MiB`));
    if (current) this.stopFor?.(current);
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
