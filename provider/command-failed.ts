import type { CommandResult } from "../remote/runner";
import { OperatorError } from "../wire/operator-error";

/** Longest part of a command's output that an error quotes, in characters; its end says most. */
const QUOTED = 4000;

export interface Failure {
  readonly host: string;
  /** What was tried: "write /etc/x". */
  readonly what: string;
  readonly remedy?: string;
}

/** @throws OperatorError with what the command wrote, unless it exited with 0. */
export function expectSuccess(result: CommandResult, failure: Failure): CommandResult {
  if (result.exitCode === 0) return result;
  const said = (result.stderr.trim() || result.stdout.trim()).slice(-QUOTED);
  throw new OperatorError({
    summary: `${failure.what} failed (exit ${result.exitCode})`,
    where: `host ${failure.host}`,
    ...(said ? { detail: said } : {}),
    ...(failure.remedy ? { remedy: failure.remedy } : {}),
  });
}
