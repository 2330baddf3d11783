import { ConfigErrors } from "../config/problem";
import { placeOf, RemoteError } from "../remote/remote-error";
import { OperatorError, type OperatorProblem } from "../wire/operator-error";

/** Ends the process with a code and says nothing more: all has been said. */
export class ExitWith extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
    this.name = "ExitWith";
  }
}

/** An error as the operator reads it: what, where, why, and how to put it right. A stack trace only with `--debug`. */
export function renderError(error: unknown, debug: boolean): string {
  const text = problemsOf(error).map(renderProblem).join("\n");
  return debug && error instanceof Error && error.stack ? `${text}\n${stackOf(error)}` : text;
}

export function problemsOf(error: unknown): readonly OperatorProblem[] {
  if (error instanceof OperatorError) return error.problems;
  if (error instanceof ConfigErrors) {
    return error.problems.map(problem => ({
      summary: `found ${problem.found}, expected ${problem.expected}`,
      where: `${problem.file}${problem.line === undefined ? "" : `:${problem.line}:${problem.column ?? 1}`}${problem.path === "" ? "" : `  ${problem.path}`}`,
      remedy: problem.remedy,
    }));
  }
  if (error instanceof RemoteError) {
    const { details } = error;
    return [
      {
        summary: details.problem,
        where: placeOf(details),
        detail: details.tried?.length ? `tried: ${details.tried.join("; ")}` : undefined,
        remedy: details.remedy,
      },
    ];
  }
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(problemsOf);
  return [{ summary: error instanceof Error ? error.message : String(error) }];
}

export function renderProblem(problem: OperatorProblem): string {
  const lines = [`error: ${indented(problem.summary, "  ")}`];
  if (problem.where) lines.push(`  where: ${indented(problem.where, "         ")}`);
  if (problem.detail) lines.push(`  why: ${indented(problem.detail, "       ")}`);
  if (problem.remedy) lines.push(`  fix: ${indented(problem.remedy, "       ")}`);
  return lines.join("\n");
}

function indented(text: string, indent: string): string {
  return text.trimEnd().split("\n").join(`\n${indent}`);
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
