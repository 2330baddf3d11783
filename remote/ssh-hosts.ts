import { StringDecoder } from "node:string_decoder";
import { ACCESS_SCRIPT, type AccessMode, declaredAccess, type HostAccess, parseAccess, sudoPassword } from "./access";
import type { AuditLog } from "./audit";
import { QueryBatcher } from "./batch";
import { endpoint, type HostConnection, type HostTable, type ResolvedAddress, resolveAddress } from "./host-table";
import { Leftovers } from "./leftovers";
import { FOREIGN_EXIT_CODE, type Ownership, ownershipGuard } from "./ownership";
import { orAborted } from "./pause";
import type { ConnectionPool } from "./pool";
import type { Redactor } from "./redact";
import { type CommandRequest, type RunningCommand, startCommand } from "./remote-command";
import { RemoteError, type RemoteErrorKind } from "./remote-error";
import type { CommandOptions, CommandResult, Hosts, Probe, Runner } from "./runner";

const QUERY_TIMEOUT_SECONDS = 60;
const MUTATE_TIMEOUT_SECONDS = 600;
/** Time for ending what a lost connection left at work. */
const LEFTOVER_TIMEOUT_SECONDS = 20;
/** As coreutils end such a line, and as Docker's CLI says it of its socket. */
const DENIED = /^.*(: Permission denied$|permission denied while trying to connect to the Docker daemon socket)/m;
const LARGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface SshHostsOptions {
  readonly table: HostTable;
  /** Shared by all that run in the process; whoever made it closes it. */
  readonly pool: ConnectionPool;
  readonly redactor: Redactor;
  readonly audit?: AuditLog;
  /** Absent: the hosts may be anybody's. */
  readonly ownership?: Ownership;
}

/** The hosts of a table, over ssh. */
export class SshHosts implements Hosts {
  private readonly hosts = new Map<string, SshHost>();

  constructor(private readonly options: SshHostsOptions) {
    for (const host of options.table) registerSecrets(options.redactor, host);
  }

  /** @throws Error when the table has no such host. */
  runner(name: string): SshHost {
    const known = this.hosts.get(name);
    if (known) return known;
    const { table } = this.options;
    const host = table.find(entry => entry.name === name);
    if (!host)
      throw new Error(
        `host "${name}" is not in the host table (${table.map(entry => entry.name).join(", ") || "it is empty"})`,
      );
    const made = new SshHost(host, resolveAddress(host, table), this.options);
    this.hosts.set(name, made);
    return made;
  }

  probe(name: string): Probe {
    const runner = this.runner(name);
    return {
      host: runner.host,
      query: (script, options) => runner.query(script, options),
      access: () => runner.access(),
    };
  }
}

function registerSecrets(redactor: Redactor, host: HostConnection): void {
  redactor.add(host.password, host.passphrase, host.sudoPassword);
  let bastion = host.bastion;
  while (bastion !== undefined && typeof bastion !== "string") {
    redactor.add(bastion.password, bastion.passphrase);
    bastion = bastion.bastion;
  }
}

/** One host. Beside the runner's contract it starts commands whose outputs are streams. */
export class SshHost implements Runner {
  readonly host: string;
  private readonly batcher: QueryBatcher;
  private found: Promise<HostAccess> | undefined;
  private readonly leftovers: Leftovers;

  constructor(
    private readonly connection: HostConnection,
    private readonly target: ResolvedAddress,
    private readonly shared: Omit<SshHostsOptions, "table">,
  ) {
    this.host = connection.name;
    this.leftovers = new Leftovers(
      async script => {
        const { mode } = await this.access();
        const command = await this.command(mode, script, { timeoutSeconds: LEFTOVER_TIMEOUT_SECONDS });
        return collect(command, () => this.error("command", "its answer to a kill is endless"));
      },
      problem => this.error("command", problem),
    );
    this.batcher = new QueryBatcher({
      ready: async () => {
        await this.access();
        await this.leftovers.end();
        await shared.pool.connect(target);
      },
      start: script => this.start(script, { timeoutSeconds: 24 * 3600 }),
      error: (kind, problem) => this.error(kind, problem),
    });
  }

  async query(script: string, options: CommandOptions = {}): Promise<CommandResult> {
    const timeoutSeconds = options.timeoutSeconds ?? QUERY_TIMEOUT_SECONDS;
    try {
      const batched = options.stdin === undefined && options.onOutput === undefined;
      const result = batched
        ? await this.batcher.ask(script, timeoutSeconds, options.signal)
        : await this.run(script, { ...options, timeoutSeconds });
      if (result.exitCode !== 0) await this.refusePowerless(result.stderr);
      return result;
    } catch (error) {
      throw this.redacted(error);
    }
  }

  async mutate(what: string, script: string, options: CommandOptions = {}): Promise<CommandResult> {
    const note = this.noter(what);
    try {
      const access = await orAborted(this.access(), options.signal);
      if (access.mode === "user" && this.connection.sudo !== "none" && !access.dockerGroup) throw this.powerless();
      const timeoutSeconds = options.timeoutSeconds ?? MUTATE_TIMEOUT_SECONDS;
      const result = await this.run(this.guarded(script), { ...options, timeoutSeconds }, true);
      this.refuseForeign(result);
      note(result.exitCode);
      return result;
    } catch (error) {
      const known = this.redacted(
        options.signal?.aborted && !(error instanceof RemoteError)
          ? this.error("cancelled", "the command was cancelled")
          : error,
      );
      note(known);
      throw known instanceof RemoteError ? known.during(what) : known;
    }
  }

  /** Who we are on the host: asked once per run, for user root and a declared `sudo` not at all. @throws RemoteError */
  access(): Promise<HostAccess> {
    const declared = declaredAccess(this.connection);
    if (declared) return Promise.resolve(declared);
    this.found ??= this.findAccess().catch(error => {
      this.found = undefined;
      throw this.redacted(error);
    });
    return this.found;
  }

  /** A change whose outputs are read as streams by the caller; one line in the audit log when it ends. @throws RemoteError */
  async startChange(
    what: string,
    script: string,
    options: CommandOptions & { readonly timeoutSeconds: number },
  ): Promise<RunningCommand> {
    const note = this.noter(what);
    try {
      const command = await this.startAs(this.guarded(script), options, true);
      command.exitCode.then(note, note);
      return command;
    } catch (error) {
      note(error);
      throw error;
    }
  }

  /** A question whose outputs are read as streams by the caller. @throws RemoteError */
  async start(script: string, options: CommandOptions & { readonly timeoutSeconds: number }): Promise<RunningCommand> {
    return this.startAs(script, options, false);
  }

  private async startAs(
    script: string,
    options: CommandOptions & { readonly timeoutSeconds: number },
    change: boolean,
  ): Promise<RunningCommand> {
    const access = await this.access();
    await this.leftovers.end();
    return this.command(access.mode, script, {
      stdin: options.stdin,
      timeoutSeconds: options.timeoutSeconds,
      signal: options.signal,
      change,
      onOrphan: process => {
        if (change) this.leftovers.add(process);
      },
    });
  }

  private command(
    access: AccessMode,
    script: string,
    request: Omit<CommandRequest, "access" | "script" | "sudoPassword">,
  ): Promise<RunningCommand> {
    const { pool } = this.shared;
    return startCommand(pool, this.target, { script, access, sudoPassword: sudoPassword(this.connection), ...request });
  }

  private async run(
    script: string,
    options: CommandOptions & { readonly timeoutSeconds: number },
    change = false,
  ): Promise<CommandResult> {
    return collect(
      await this.startAs(script, options, change),
      bytes => this.error("command", `a command printed more than ${bytes / 1024 / 1024} MiB`),
      options.onOutput,
    );
  }

  /** Call the result once, with the exit code or with the error. */
  private noter(what: string): (outcome: unknown) => void {
    const began = performance.now();
    return outcome => {
      const exit = typeof outcome === "number" ? outcome : outcome instanceof RemoteError ? outcome.kind : "error";
      this.shared.audit?.write({ host: this.host, what, exit, seconds: (performance.now() - began) / 1000 });
    };
  }

  private async findAccess(): Promise<HostAccess> {
    const command = await this.command("user", ACCESS_SCRIPT, { timeoutSeconds: QUERY_TIMEOUT_SECONDS });
    const result = await collect(command, () => this.error("command", "its answer to `id` is endless"));
    if (result.exitCode !== 0)
      throw this.error(
        "command",
        `it does not say who we are: ${result.stderr.trim() || `exit code ${result.exitCode}`}`,
      );
    return parseAccess(this.connection, result.stdout);
  }

  private guarded(script: string): string {
    const { ownership } = this.shared;
    return ownership ? ownershipGuard(ownership, ownership.takesOver(this.host)) + script : script;
  }

  private refuseForeign(result: CommandResult): void {
    if (!this.shared.ownership || result.exitCode !== FOREIGN_EXIT_CODE) return;
    throw new RemoteError({
      ...this.error("foreign", `the host is managed by another stack: ${result.stderr.trim()}`).details,
      remedy: `use that stack and its state; or, if it is gone for good, take the host over: MUSTER_TAKE_OVER=${this.host}`,
    });
  }

  /** A question that the host denied to a user who cannot become root: that is the reason to name, not the file. */
  private async refusePowerless(said: string): Promise<void> {
    const denied = DENIED.exec(said);
    if (denied && (await this.access()).mode === "user") throw this.powerless(denied[0]);
  }

  private powerless(said?: string): RemoteError {
    const why = `user "${this.connection.user}" is not root and sudo does not let it in without a password`;
    return new RemoteError({
      ...this.error("sudo", said === undefined ? why : `${why}\n${said}`).details,
      remedy: `log in as root, allow sudo without a password, or declare the secret sudoPassword of ${this.host} in the cluster file`,
    });
  }

  private error(kind: RemoteErrorKind, problem: string): RemoteError {
    return new RemoteError({ kind, host: this.host, address: endpoint(this.target), problem });
  }

  /** sudo and ssh servers are quoted in errors; what they say may hold a secret. */
  private redacted(error: unknown): unknown {
    if (!(error instanceof RemoteError)) return error;
    return new RemoteError({ ...error.details, problem: this.shared.redactor.redact(error.details.problem) });
  }
}

async function collect(
  command: RunningCommand,
  tooMuch: (bytes: number) => RemoteError,
  onOutput?: CommandOptions["onOutput"],
): Promise<CommandResult> {
  const read = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let bytes = 0;
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    command[name].on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LARGEST_OUTPUT_BYTES) return command.abort(tooMuch(LARGEST_OUTPUT_BYTES));
      read[name].push(chunk);
      const text = onOutput ? decoder.write(chunk) : "";
      if (text !== "") onOutput?.(text, name);
    });
  }
  const exitCode = await command.exitCode;
  return { exitCode, stdout: Buffer.concat(read.stdout).toString(), stderr: Buffer.concat(read.stderr).toString() };
}
