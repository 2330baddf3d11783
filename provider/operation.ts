import { RemoteError, type RemoteErrorKind } from "../remote/remote-error";
import { OperatorError } from "../wire/operator-error";
import { InitFailed, type KindContext } from "./kind";
import type { Session } from "./provider-package";

export interface OperationRequest {
  readonly urn: string;
  readonly session: Session;
  /** Aborted when the engine cancels. */
  readonly cancel: AbortSignal;
  /** From customTimeouts; 0: none. */
  readonly timeoutSeconds: number;
  /** `create`, `update`, `delete`, `read`: for the text of a time-out. */
  readonly verb: string;
  status(line: string): void;
  tell(line: string): void;
}

/**
 * Runs one operation of a kind with everything it may use, and ends it in time: when the engine cancels or the time of
 * `customTimeouts` is over, the signal is aborted, which ends the remote command too.
 */
export async function operate<T>(request: OperationRequest, run: (context: KindContext) => Promise<T> | T): Promise<T> {
  const deadline = request.timeoutSeconds > 0 ? AbortSignal.timeout(request.timeoutSeconds * 1000) : undefined;
  const signal = deadline ? AbortSignal.any([request.cancel, deadline]) : request.cancel;
  const context: KindContext = {
    hosts: request.session.hosts,
    cluster: request.session.cluster,
    ...(request.session.nodes ? { nodes: request.session.nodes } : {}),
    ...(request.session.ownership ? { ownership: request.session.ownership } : {}),
    ...(request.session.connect ? { connect: request.session.connect } : {}),
    urn: request.urn,
    status: line => request.status(line),
    tell: line => request.tell(line),
    signal,
    ...(request.timeoutSeconds > 0 ? { timeoutSeconds: request.timeoutSeconds } : {}),
    allowed: (variable, name) => isAllowed(variable, name),
  };
  try {
    signal.throwIfAborted();
    return await run(context);
  } catch (error) {
    // What is there already is told, also when the operator left before it was complete.
    if (error instanceof InitFailed) throw error;
    if (request.cancel.aborted) throw new OperatorError({ summary: `${request.verb} was cancelled` }, { cause: error });
    if (deadline?.aborted) throw tooSlow(request, error);
    throw error;
  }
}

function tooSlow(request: OperationRequest, cause: unknown): OperatorError {
  return new OperatorError(
    {
      summary: `${request.verb} did not end within ${request.timeoutSeconds} s`,
      ...(cause instanceof RemoteError ? { detail: cause.message } : {}),
      remedy: `give it more time: customTimeouts: { ${request.verb}: "${request.timeoutSeconds * 2}s" }`,
    },
    { cause },
  );
}

/** True if the operator's environment variable, a comma list, holds the name. */
export function isAllowed(variable: string, name: string): boolean {
  return (process.env[variable] ?? "").split(",").some(entry => entry.trim() === name);
}

const NO_WAY_IN: ReadonlySet<RemoteErrorKind> = new Set([
  "unreachable",
  "lost",
  "timeout",
  "hostKeyUnknown",
  "hostKeyChanged",
  "authentication",
  "sudo",
]);

/** There was no way to the host, or none into it or to root: nothing is known about what is on it. */
export function isUnreachable(error: unknown): error is RemoteError {
  return error instanceof RemoteError && NO_WAY_IN.has(error.kind);
}
