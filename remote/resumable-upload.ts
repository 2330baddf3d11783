import { createReadStream } from "node:fs";
import type { IncomingFile, Receipt } from "./incoming-file";
import { bytesThere, type ReceiveOptions, receive, receiveError, untilWhole } from "./receive";
import { RemoteError } from "./remote-error";
import type { Runner } from "./runner";

/**
 * Brings a large file of the operator's machine to a host. A lost connection costs only what was under way: the next attempt, also
 * of a later run, sends the rest. The host proves the checksum before the file gets its name.
 * @throws RemoteError
 */
export async function uploadResumably(
  runner: Runner,
  local: string,
  file: IncomingFile,
  options: ReceiveOptions,
): Promise<void> {
  const why = await untilWhole(() => attempt(runner, local, file, options), options);
  if (why !== undefined) throw receiveError(runner.host, file, why);
}

async function attempt(runner: Runner, local: string, file: IncomingFile, options: ReceiveOptions): Promise<Receipt> {
  const fromByte = await bytesThere(runner, file);
  const stdin = createReadStream(local, { start: fromByte });
  try {
    return await receive(runner, `write ${file.path}`, file, { command: "cat", fromByte }, { ...options, stdin });
  } catch (error) {
    if (!(error instanceof RemoteError) || error.kind !== "lost") throw error;
    return { kind: "cut", bytes: await bytesThere(runner, file), why: error.details.problem };
  } finally {
    stdin.destroy();
  }
}
