import {
  bytesThereScript,
  type Feed,
  type IncomingFile,
  parseProgress,
  parseReceipt,
  type Receipt,
  receiveScript,
} from "./incoming-file";
import { jitteredDelay, pause } from "./pause";
import { RemoteError } from "./remote-error";
import type { Runner } from "./runner";

export interface ReceiveOptions {
  /** For one attempt. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
  /** Bytes that are there so far, of all. */
  readonly onProgress?: (bytes: number) => void;
}

/** Attempts in a row that bring no byte before it is given up. */
const STUCK_ATTEMPTS = 3;

/** One attempt on the receiving host. @throws RemoteError when that host itself fails */
export async function receive(
  runner: Runner,
  what: string,
  file: IncomingFile,
  feed: Feed,
  options: ReceiveOptions & { readonly stdin?: string | NodeJS.ReadableStream },
): Promise<Receipt> {
  const { onProgress, ...limits } = options;
  const result = await runner.mutate(what, receiveScript(file, feed), {
    ...limits,
    onOutput: chunk => {
      const bytes = parseProgress(chunk);
      if (bytes !== undefined) onProgress?.(bytes);
    },
  });
  const receipt = parseReceipt(result.stdout, result.stderr);
  if (result.exitCode === 0 && receipt) return receipt;
  throw receiveError(runner.host, file, result.stderr.trim() || `exit code ${result.exitCode}`);
}

/** How much of it a host has. @throws RemoteError */
export async function bytesThere(runner: Runner, file: IncomingFile): Promise<number> {
  const result = await runner.query(bytesThereScript(file));
  const bytes = Number(result.stdout.trim() || "x");
  if (result.exitCode !== 0 || Number.isNaN(bytes))
    throw receiveError(runner.host, file, result.stderr.trim() || `exit code ${result.exitCode}`);
  return bytes;
}

/**
 * Tries until the file is whole, as long as each attempt brings it further. A damaged one is sent again from its start, once.
 * @param stuckAttempts how many attempts without a new byte there may be in a row
 * @returns undefined when it is whole, else why it does not come further
 * @throws what an attempt throws
 */
export async function untilWhole(
  attempt: () => Promise<Receipt>,
  options: { readonly signal?: AbortSignal; readonly stuckAttempts?: number } = {},
): Promise<string | undefined> {
  let most = 0;
  let stuck = 0;
  let damaged = false;
  for (;;) {
    const receipt = await attempt();
    if (receipt.kind === "whole") return undefined;
    if (receipt.kind === "damaged") {
      if (damaged) return "its checksum was wrong twice: the sender's file is damaged";
      damaged = true;
      most = 0;
      continue;
    }
    stuck = receipt.bytes > most ? 0 : stuck + 1;
    most = Math.max(most, receipt.bytes);
    if (stuck >= (options.stuckAttempts ?? STUCK_ATTEMPTS))
      return receipt.why || `it broke off after ${receipt.bytes} bytes`;
    await pause(jitteredDelay(stuck, 50, 2000), options.signal);
  }
}

/** For the operator: what has come so far is not lost. */
export function receiveError(host: string, file: IncomingFile, problem: string): RemoteError {
  return new RemoteError({
    kind: "command",
    host,
    address: file.path,
    problem: `the file did not arrive: ${problem}`,
    remedy: "run the same command again: what has arrived is kept",
  });
}
