import type { ServiceError } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { decode } from "../../wire/struct";
import type { ValueMap } from "../../wire/values";

const UNAVAILABLE = 14;

/** What a provider said when it refused or failed. */
export class ProviderError extends Error {
  constructor(
    message: string,
    /** gRPC status code. */
    readonly code: number,
  ) {
    super(message);
    this.name = "ProviderError";
  }

  /** Its process has ended, or can't be reached: nobody knows how far it came. */
  get gone(): boolean {
    return this.code === UNAVAILABLE;
  }
}

/** The resource is there, but not as declared: its state is to be kept. */
export class InitFailedError extends Error {
  constructor(
    readonly id: string,
    readonly outputs: ValueMap,
    /** Undefined: it told none, so those that are known stand. */
    readonly inputs: ValueMap | undefined,
    readonly reasons: readonly string[],
  ) {
    super(initErrorMessage(reasons));
    this.name = "InitFailedError";
  }
}

/** The text of a failure of several reasons, as Go's multierror prints it. */
export function initErrorMessage(reasons: readonly string[]): string {
  const head = reasons.length === 1 ? "1 error occurred:" : `${reasons.length} errors occurred:`;
  return `${head}\n${reasons.map(reason => `\t* ${reason}\n`).join("")}\n`;
}

const INIT_FAILED = "pulumirpc.ErrorResourceInitFailed";

/** The error that a failed call stands for. */
export function errorOfCall(error: ServiceError, packageName: string): Error {
  for (const value of error.metadata?.get("grpc-status-details-bin") ?? []) {
    const status = Status.deserializeBinary(typeof value === "string" ? Buffer.from(value, "binary") : value);
    for (const detail of status.getDetailsList()) {
      if (detail.getTypeName() !== INIT_FAILED) continue;
      const failed = ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
      return new InitFailedError(
        failed.getId(),
        decode(failed.getProperties()),
        failed.hasInputs() ? decode(failed.getInputs()) : undefined,
        failed.getReasonsList(),
      );
    }
  }
  if (error.code === UNAVAILABLE) {
    return new ProviderError(`the provider of package '${packageName}' is gone: ${error.details}`, error.code);
  }
  return new ProviderError(error.details || error.message, error.code);
}
