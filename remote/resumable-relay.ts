import { type IncomingFile, parseReceipt, type Receipt, receiveScript } from "./incoming-file";
import { bytesThere, type ReceiveOptions } from "./receive";
import { relay } from "./relay";
import { RemoteError } from "./remote-error";
import type { Runner } from "./runner";
import { quote } from "./shell";
import { SshHost } from "./ssh-hosts";

/**
 * One attempt to bring a file from host to host through this machine, from where the part on the receiving host ends.
 * @throws RemoteError when the receiving host fails
 */
export async function relayFile(
  from: { readonly runner: Runner; readonly path: string },
  to: Runner,
  file: IncomingFile,
  options: ReceiveOptions,
): Promise<Receipt> {
  if (!(from.runner instanceof SshHost) || !(to instanceof SshHost))
    throw new Error("a file can be relayed between hosts over ssh only");
  const fromByte = await bytesThere(to, file);
  const { onProgress, ...limits } = options;
  try {
    const { stdout } = await relay(
      { host: from.runner, script: `exec tail -c +${fromByte + 1} -- ${quote(from.path)}` },
      {
        host: to,
        script: receiveScript(file, { command: "cat", fromByte }),
        what: `receive ${file.path} from ${from.runner.host}`,
      },
      { ...limits, onProgress: bytes => onProgress?.(fromByte + bytes) },
    );
    return parseReceipt(stdout, "") ?? { kind: "cut", bytes: await bytesThere(to, file), why: "it broke off" };
  } catch (error) {
    if (!(error instanceof RemoteError) || error.kind === "cancelled" || options.signal?.aborted) throw error;
    // What arrived before either end failed is kept; a receiving host that is gone is told by the question.
    return { kind: "cut", bytes: await bytesThere(to, file), why: error.details.problem };
  }
}
