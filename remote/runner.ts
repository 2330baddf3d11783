import type { HostAccess } from "./access";

/** What one command left behind. A command that could not run at all is a thrown RemoteError, never a result. */
export interface CommandResult {
  /** 0-255; 128 + n when a signal ended it. */
  readonly exitCode: number;
  /** Read as UTF-8: a byte that is none becomes U+FFFD. Bytes travel by `stdin`, and by the streams of `SshHost.start`. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Sent to the command's standard input. Secrets travel here, never in the script. */
  readonly stdin?: string | Buffer | NodeJS.ReadableStream;
  /** The process group on the host is ended at the limit. Default 60 for a query, 600 for a change. */
  readonly timeoutSeconds?: number;
  /** Ends the process group on the host, then the call fails with a RemoteError of kind "cancelled". */
  readonly signal?: AbortSignal;
  /** Called with each chunk of standard output or standard error, as it comes. */
  readonly onOutput?: (chunk: string, stream: "stdout" | "stderr") => void;
}

/**
 * Asks a host and changes nothing. Preview and Read get only this.
 * Queries of one host that are asked at the same time travel in one exec.
 */
export interface Probe {
  /** The host's name in the cluster file. */
  readonly host: string;
  /** Runs a POSIX sh script as root (or through sudo) that must not change the host. */
  query(script: string, options?: CommandOptions): Promise<CommandResult>;
  /** Who we are on the host and how we become root: one question per run at most, none for user root. */
  access(): Promise<HostAccess>;
}

/**
 * Asks and changes a host. A process that shall outlive its script must leave its process group and close the outputs:
 * `setsid program </dev/null >log 2>&1 &`.
 * Every change is one line in the audit log: time, host, `what`, exit.
 */
export interface Runner extends Probe {
  /** Runs a POSIX sh script that changes the host. `what` is for people: "write /etc/x", "start container ms". */
  mutate(what: string, script: string, options?: CommandOptions): Promise<CommandResult>;
}

/** Gives the runner of a host by its name; connects at first use, one connection per host. */
export interface Hosts {
  runner(host: string): Runner;
  probe(host: string): Probe;
}
