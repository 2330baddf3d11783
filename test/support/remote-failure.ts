import { RemoteError } from "../../remote/remote-error";

/** The RemoteError that a promise must end with. */
export async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof RemoteError)) throw new Error(`expected a RemoteError, got ${error}`);
  return error;
}
