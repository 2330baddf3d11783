import {
  type LogBeginning,
  type LogEvent,
  LogEventReader,
  LogPlace,
  logScript,
} from "../provider/muster/kinds/job/log-reading";
import type { JobRecord } from "../provider/muster/kinds/job/observation";
import { jitteredDelay, pause } from "../remote/pause";
import { RemoteError } from "../remote/remote-error";
import type { SshHosts } from "../remote/ssh-hosts";
import { OperatorError } from "../wire/operator-error";
import { findJob, type JobPlaces } from "./job-place";
import { LogPrinter } from "./log-printer";

export interface LogsRequest extends LogBeginning {
  readonly job: string;
  readonly ranks?: readonly number[] | undefined;
  readonly follow: boolean;
}

export interface LogsOutput {
  /** What the ranks wrote. Resolves when it has been passed on. */
  write(bytes: Buffer): Promise<void>;
  /** What happened beside it: a lost connection, a new run. */
  notice(text: string): void;
}

/** Longer than the reader on the host stays (read-logs.sh). */
const SESSION_SECONDS = 2 * 3600;
/** A few tries for who does not follow; who follows waits as long as it takes. */
const TRIES = 3;
/** About a minute: what lies between the end of a job and its next start. */
const REMOVED_TRIES = 8;
const FIRST_DELAY_MILLISECONDS = 500;
const LONGEST_DELAY_MILLISECONDS = 15_000;
const EXIT_STOPPED = 143;

/** Shows a job's logs, and goes on with it while it runs, over lost connections and into its next run. */
export class JobLogs {
  private readonly place = new LogPlace();
  private readonly printer = new LogPrinter();
  private record: JobRecord | undefined;
  private failures = 0;

  constructor(
    private readonly hosts: SshHosts,
    private readonly places: JobPlaces,
    private readonly request: LogsRequest,
    private readonly output: LogsOutput,
  ) {}

  /** @returns the exit code: of the job where it was followed to its end, else 0. @throws OperatorError, RemoteError */
  async show(): Promise<number> {
    let host = await findJob(this.hosts, this.places, this.request.job);
    for (;;) {
      try {
        const last = await this.ask(host);
        if (last.kind === "more" || last.kind === "end" || last.kind === "lost") return await this.tellEnd(last, host);
        if (last.kind === "absent") host = await this.findAgain();
      } catch (error) {
        await this.waitFor(error);
      }
    }
  }

  /** One session on the host, to its last word. */
  private async ask(host: string): Promise<LogEvent> {
    const { ranks, lines, since, follow } = this.request;
    const folder = `${this.places.folder}/${this.request.job}`;
    const script = logScript(
      { folder, ranks, follow, ...(lines !== undefined && { lines }), ...(since && { since }) },
      this.place,
    );
    const command = await this.hosts.runner(host).start(script, { timeoutSeconds: SESSION_SECONDS });
    command.stderr.resume();
    const reader = new LogEventReader();
    let last: LogEvent | undefined;
    for await (const chunk of command.stdout) {
      for (const event of reader.push(chunk as Buffer)) {
        last = event;
        await this.take(event);
      }
    }
    const code = await command.exitCode;
    if (last && last.kind !== "job" && last.kind !== "data") return last;
    throw new Error(`${host}: reading the logs of job ${this.request.job} ended early, with exit code ${code}`);
  }

  private async take(event: LogEvent): Promise<void> {
    if (event.kind === "job") await this.enter(event.record);
    if (event.kind !== "data") return;
    const { fresh, missing } = this.place.take(event.rank, event.offset, event.bytes);
    if (missing > 0) {
      this.output.notice(
        `rank ${event.rank}: ${missing} bytes before this are gone: the log was rotated twice before they could be read`,
      );
    }
    await this.write(this.printer.print(event.rank, fresh));
  }

  private async enter(record: JobRecord): Promise<void> {
    const before = this.place.incarnation;
    const isOther = this.place.enter(record.incarnation);
    if (this.failures > 0) this.output.notice("connected again");
    this.failures = 0;
    if (isOther) this.output.notice(`job ${record.job} was started anew: run ${record.incarnation} after ${before}`);
    if (this.record && !isOther) return;
    this.record = record;
    const all = record.ranks.map((_, rank) => rank);
    const absent = (this.request.ranks ?? []).filter(rank => !all.includes(rank));
    if (absent.length > 0) {
      throw new OperatorError({
        summary: `job ${record.job} has no rank ${absent.join(", ")}`,
        remedy: `name one of ${all.join(", ")}`,
      });
    }
    await this.write(this.printer.begin(record, this.request.ranks ?? all));
  }

  private async tellEnd(last: LogEvent, host: string): Promise<number> {
    await this.write(this.printer.finish());
    const { job, follow } = this.request;
    if (!follow) return 0;
    if (last.kind !== "end") {
      this.output.notice(`job ${job}: its supervisor on ${host} is gone without a last word (reboot, or killed)`);
      return 1;
    }
    const { status, first, exitCode } = last.finished;
    const rank = first === undefined ? "" : `: rank ${first} (${this.record?.ranks[first]?.host ?? "unknown host"})`;
    const code = exitCode === undefined ? "" : ` ended with exit code ${exitCode}`;
    this.output.notice(`job ${job} ${status}${status === "failed" ? `${rank}${code}` : ""}`);
    if (status === "completed") return 0;
    return status === "stopped" ? EXIT_STOPPED : exitCode || 1;
  }

  private async write(bytes: Buffer): Promise<void> {
    if (bytes.length > 0) await this.output.write(bytes);
  }

  /** The job's folder went away while it was read: `up` may be starting it anew, perhaps on another host. */
  private async findAgain(): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      await pause(jitteredDelay(attempt, FIRST_DELAY_MILLISECONDS, LONGEST_DELAY_MILLISECONDS));
      try {
        return await findJob(this.hosts, this.places, this.request.job);
      } catch (error) {
        if (attempt >= REMOVED_TRIES) throw error;
        if (attempt === 0)
          this.output.notice(`job ${this.request.job} was removed; waiting whether it is started anew`);
      }
    }
  }

  /** @throws the error, unless another try may do better. */
  private async waitFor(error: unknown): Promise<void> {
    const passing = error instanceof RemoteError && ["lost", "unreachable", "timeout"].includes(error.kind);
    if (!passing || (!this.request.follow && this.failures >= TRIES)) throw error;
    if (this.failures === 0) this.output.notice(`${error.message} Trying again`);
    const delay = jitteredDelay(this.failures, FIRST_DELAY_MILLISECONDS, LONGEST_DELAY_MILLISECONDS);
    this.failures++;
    await pause(delay);
  }
}
