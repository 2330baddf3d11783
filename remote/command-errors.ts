import { endpoint, type ResolvedAddress } from "./host-table";
import { RemoteError, type RemoteErrorKind } from "./remote-error";

/** What went wrong with a command on a host, in the operator's terms. */
export function commandError(target: ResolvedAddress, kind: RemoteErrorKind, problem: string): RemoteError {
  return new RemoteError({
    kind,
    host: target.label,
    address: endpoint(target),
    problem,
    remedy: remedyOf(target, kind),
  });
}

function remedyOf(target: ResolvedAddress, kind: RemoteErrorKind): string | undefined {
  if (kind === "sudo") return `check sudo and sudoPassword of ${target.label} in the cluster file, and its sudoers`;
  if (kind === "lost") return "check the network and the host, then run the same again: it goes on from what is there";
  return undefined;
}

export function timedOut(target: ResolvedAddress, seconds: number): RemoteError {
  return commandError(target, "timeout", `a command did not end within ${seconds} s and was stopped`);
}

export function cancelled(target: ResolvedAddress): RemoteError {
  return commandError(target, "cancelled", "the command was cancelled");
}
