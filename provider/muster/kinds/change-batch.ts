import { randomBytes } from "node:crypto";
import { RemoteError } from "../../../remote/remote-error";
import type { CommandOptions, CommandResult, Hosts, Runner } from "../../../remote/runner";
import { Gathering } from "../../gathering";
import type { KindContext } from "../../kind";
import { type Change, composeChanges, parseChanges } from "./change-batch-script";

/** Changes of a host travel together as long as the next, of this or another host, comes within this time of the one before. */
const QUIET_MILLISECONDS = 15;
/** The first of them waits this long at most. */
const GATHER_MILLISECONDS = 500;
const LARGEST_BATCH = 100;
const LARGEST_BATCH_BYTES = 1024 * 1024;

interface Waiting {
  readonly what: string;
  readonly change: Change;
  readonly signal: AbortSignal;
  resolve(result: CommandResult): void;
  reject(error: unknown): void;
}

/**
 * The changes of all hosts of one run. They gather together: an engine names the files of many hosts one after the other, and often
 * one of each host before the next of the first.
 */
class Changes {
  private readonly ofHost = new Map<string, ChangeBatch>();
  private readonly gathering = new Gathering(QUIET_MILLISECONDS, GATHER_MILLISECONDS);

  constructor(private readonly hosts: Pick<Hosts, "runner">) {}

  add(host: string, what: string, change: Change, signal: AbortSignal): Promise<CommandResult> {
    this.gathering.join();
    const batch = this.ofHost.get(host) ?? new ChangeBatch(() => this.hosts.runner(host), this.gathering);
    this.ofHost.set(host, batch);
    return batch.add(what, change, signal);
  }
}

const runs = new WeakMap<Pick<Hosts, "runner">, Changes>();

/**
 * Makes a small change of a host, together with others that are asked for at about the same time: one command for all files of a
 * node, where a command each would cost more than the files. Each has its own outcome; the audit log has one line that names all.
 * `what` is for people: "write /etc/x".
 * @throws RemoteError
 */
export function changeHost(
  context: Pick<KindContext, "hosts" | "signal" | "timeoutSeconds">,
  host: string,
  what: string,
  change: Change,
): Promise<CommandResult> {
  const { hosts, signal } = context;
  // A time limit of its own must not end the changes of others.
  if (context.timeoutSeconds !== undefined) return alone(hosts.runner(host), what, change, { signal });
  const changes = runs.get(hosts) ?? new Changes(hosts);
  runs.set(hosts, changes);
  return changes.add(host, what, change, signal);
}

function alone(
  runner: Runner,
  what: string,
  { script, stdin }: Change,
  options: CommandOptions,
): Promise<CommandResult> {
  return runner.mutate(what, script, { ...options, ...(stdin && { stdin }) });
}

/** The changes of one host that wait for the next command. */
class ChangeBatch {
  private waiting: Waiting[] = [];
  private isAtWork = false;

  constructor(
    private readonly runner: () => Runner,
    private readonly gathering: Gathering,
  ) {}

  add(what: string, change: Change, signal: AbortSignal): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ what, change, signal, resolve, reject });
      if (!this.isAtWork) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.isAtWork = true;
    while (this.waiting.length > 0) {
      await this.gathering.over();
      const due = this.next();
      await this.send(due).catch(error => {
        for (const each of due) each.reject(ownError(error, due, each));
      });
    }
    this.isAtWork = false;
  }

  /** As many as fit into one command. The same signal ends them all, as the engine's does. */
  private next(): Waiting[] {
    const [first] = this.waiting;
    let bytes = 0;
    const end = this.waiting.findIndex(({ change, signal }, index) => {
      bytes += change.script.length + (change.stdin?.length ?? 0);
      return index > 0 && (index === LARGEST_BATCH || bytes > LARGEST_BATCH_BYTES || signal !== first?.signal);
    });
    return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
  }

  private async send(due: readonly Waiting[]): Promise<void> {
    const [first] = due;
    if (first === undefined) return;
    const options = { signal: first.signal };
    if (due.length === 1) {
      first.resolve(await alone(this.runner(), first.what, first.change, options));
      return;
    }
    const mark = randomBytes(16).toString("hex");
    const { script, stdin } = composeChanges(
      due.map(each => each.change),
      mark,
    );
    const result = await this.runner().mutate(whatAll(due), script, { ...options, stdin });
    const answers = parseChanges(result, mark, due.length);
    // What ended the shell stands behind the last answer.
    const rest = { ...result, exitCode: result.exitCode || 1, stderr: result.stderr.split(`${mark}:`).at(-1) ?? "" };
    for (const [index, each] of due.entries()) {
      each.resolve(answers[index] ?? { ...rest, stderr: rest.stderr.replace(/^\d+\n/, "") });
    }
  }
}

function whatAll(due: readonly Waiting[]): string {
  return due.map(each => each.what).join("; ");
}

/** The failure of a command that was to make several changes, as that of one of them. */
function ownError(error: unknown, due: readonly Waiting[], { what }: Waiting): unknown {
  if (!(error instanceof RemoteError)) return error;
  return new RemoteError({ ...error.details, problem: error.details.problem.replace(whatAll(due), () => what) });
}
