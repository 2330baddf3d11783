import type { IncomingFile, Receipt } from "../../../../remote/incoming-file";
import type { PeerServer } from "../../../../remote/peer-server";
import { receive, untilWhole } from "../../../../remote/receive";
import { relayFile } from "../../../../remote/resumable-relay";
import type { KindContext } from "../../../kind";
import { LONG_SECONDS } from "./host-change";
import { transferStatus } from "./progress";

/** Tries over the direct way that bring nothing, before the operator's machine carries it. */
const DIRECT_ATTEMPTS = 2;

export interface TransferRequest {
  readonly source: string;
  readonly target: string;
  /** At the same path on both hosts. */
  readonly file: IncomingFile;
  /** The source's server for the file. `lives` false: it may have ended, so look. @throws when the source cannot serve */
  server(lives: boolean): Promise<PeerServer>;
}

/**
 * Brings a file from one host to another: directly, or where that is not possible through the operator's machine.
 * @returns undefined when it arrived, else why the source cannot give it
 * @throws RemoteError when the receiving host fails
 */
export async function transfer(context: KindContext, request: TransferRequest): Promise<string | undefined> {
  const { source, target, file } = request;
  const options = {
    timeoutSeconds: LONG_SECONDS,
    signal: context.signal,
    onProgress: transferStatus(`${source} to ${target}`, file.sizeBytes, line => context.status(line)),
  };
  const whyNotDirectly = await directly(context, request, options);
  if (whyNotDirectly === undefined) return undefined;
  context.status(`${source} to ${target} does not go directly (${whyNotDirectly}): it goes through this machine`);
  const from = { runner: context.hosts.runner(source), path: file.path };
  return untilWhole(() => relayFile(from, context.hosts.runner(target), file, options), options);
}

async function directly(
  context: KindContext,
  { source, target, file, server }: TransferRequest,
  options: Parameters<typeof receive>[4],
): Promise<string | undefined> {
  const runner = context.hosts.runner(target);
  const what = `fetch ${file.path} from ${source}`;
  let lives = true;
  const attempt = async (): Promise<Receipt> => {
    let peer: PeerServer;
    try {
      peer = await server(lives);
    } catch (error) {
      context.signal.throwIfAborted();
      return { kind: "cut", bytes: 0, why: error instanceof Error ? error.message : String(error) };
    }
    lives = false;
    const { feed, stdin } = peer.feed();
    return receive(runner, what, file, feed, { ...options, stdin });
  };
  return untilWhole(attempt, { signal: context.signal, stuckAttempts: DIRECT_ATTEMPTS });
}
