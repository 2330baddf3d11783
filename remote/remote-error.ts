export type RemoteErrorKind =
  | "unreachable"
  | "hostKeyUnknown"
  | "hostKeyChanged"
  | "hostKeyRevoked"
  | "authentication"
  | "timeout"
  | "lost"
  | "cancelled"
  | "sudo"
  | "foreign"
  | "command";

export interface RemoteErrorDetails {
  readonly kind: RemoteErrorKind;
  /** The host's name in the cluster file. */
  readonly host: string;
  /** `address:port` that was asked. */
  readonly address: string;
  /** Lines of ssh_config that the way to the host comes from. */
  readonly origin?: string;
  /** One sentence without a full stop. */
  readonly problem: string;
  /** What was tried, in order. */
  readonly tried?: readonly string[];
  /** What the operator should do. */
  readonly remedy?: string;
}

/** A host could not be asked or changed. The message is complete for the operator: host, address, problem, what was tried, remedy. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly kind: RemoteErrorKind;
  readonly host: string;
  readonly address: string;
  readonly remedy: string | undefined;

  constructor(readonly details: RemoteErrorDetails) {
    super(format(details));
    this.kind = details.kind;
    this.host = details.host;
    this.address = details.address;
    this.remedy = details.remedy;
  }

  /** The same failure, with what was being done. */
  during(what: string): RemoteError {
    return new RemoteError({ ...this.details, problem: `${what}: ${this.details.problem}` });
  }

  /** The same failure, with the lines of ssh_config that led there. */
  from(origin: string | undefined): RemoteError {
    return origin === undefined ? this : new RemoteError({ ...this.details, origin });
  }

  /** The same failure as seen by another host, for whom this one was the bastion. */
  asBastionOf(host: string): RemoteError {
    return new RemoteError({ ...this.details, host, problem: `its bastion ${this.host}: ${this.details.problem}` });
  }
}

function format(details: RemoteErrorDetails): string {
  const tried = details.tried?.length ? ` Tried: ${details.tried.join("; ")}.` : "";
  const remedy = details.remedy ? ` Remedy: ${details.remedy}.` : "";
  return `${placeOf(details)}: ${details.problem}.${tried}${remedy}`;
}

/** `host node-1 (10.0.0.1:22, HostName ~/.ssh/config:3)` */
export function placeOf({ host, address, origin }: RemoteErrorDetails): string {
  return `host ${host} (${address}${origin === undefined ? "" : `, ${origin}`})`;
}
