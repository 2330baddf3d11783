import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RemoteError } from "./remote-error";
import type { SshHost } from "./ssh-hosts";

export interface RelayEnd {
  readonly host: SshHost;
  readonly script: string;
}

export interface RelayTarget extends RelayEnd {
  /** For the audit log. Default: "receive a stream from <host>". */
  readonly what?: string;
}

export interface RelayOptions {
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** Bytes carried so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** Last part of standard error, for messages. */
const KEPT_STDERR_BYTES = 4096;

/**
 * Streams the standard output of a script on one host into the standard input of a script on another, through this machine, which
 * holds some megabytes of it at most. Returns what the second script printed.
 * @throws RemoteError when either ends with a failure; the other one is ended too.
 */
export async function relay(
  from: RelayEnd,
  to: RelayTarget,
  options: RelayOptions,
): Promise<{ stdout: string; bytes: number }> {
  const carried = new PassThrough();
  const limits = { timeoutSeconds: options.timeoutSeconds, signal: options.signal };
  const source = await from.host.start(from.script, limits);
  let target: Awaited<ReturnType<SshHost["start"]>>;
  try {
    target = await to.host.startChange(to.what ?? `receive a stream from ${from.host.host}`, to.script, {
      ...limits,
      stdin: carried,
    });
  } catch (error) {
    source.abort(stopped(from.host.host, "the receiving host failed"));
    throw error;
  }
  const sourceSaid = tail(source.stderr);
  const targetSaid = tail(target.stderr);
  const printed: Buffer[] = [];
  target.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
  let bytes = 0;
  source.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    options.onProgress?.(bytes);
  });
  // The end is passed on only after the sender has ended well: a part must never look like the whole.
  const copied = pipeline(source.stdout, carried, { end: false }).catch(() => {});
  const sent = source.exitCode.then(async code => {
    if (code !== 0) throw failed(from.host.host, code, sourceSaid());
    await copied;
    carried.end();
  });
  const received = target.exitCode.then(code => {
    if (code !== 0) throw failed(to.host.host, code, targetSaid());
  });
  sent.catch(() => target.abort(stopped(to.host.host, "the sending host failed")));
  // Also when it went well: a receiver that has enough reads no more.
  const stopSource = () => source.abort(stopped(from.host.host, "the receiving host ended"));
  received.then(stopSource, stopSource);
  const [first, second] = await Promise.allSettled([sent, received]);
  if (second.status === "rejected")
    throw isStop(second.reason) && first.status === "rejected" ? first.reason : second.reason;
  if (first.status === "rejected" && !isStop(first.reason)) throw first.reason;
  return { stdout: Buffer.concat(printed).toString(), bytes };
}

/** The other end's failure made us stop this one. */
function isStop(error: unknown): boolean {
  return error instanceof RemoteError && error.kind === "cancelled";
}

function tail(stream: NodeJS.ReadableStream): () => string {
  let kept = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-KEPT_STDERR_BYTES);
  });
  return () => kept.toString().trim();
}

function stopped(host: string, why: string): RemoteError {
  return new RemoteError({ kind: "cancelled", host, address: "relay", problem: `the transfer was stopped: ${why}` });
}

function failed(host: string, code: number, said: string): RemoteError {
  return new RemoteError({
    kind: "command",
    host,
    address: "relay",
    problem: `the transfer failed with exit code ${code}: ${said || "it said nothing"}`,
  });
}
