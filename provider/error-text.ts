import { OperatorError, type OperatorProblem } from "../wire/operator-error";

/** The text of a failure as the operator reads it: what, where, why, remedy. No stack trace. */
export function errorText(error: unknown): string {
  if (error instanceof OperatorError) return error.problems.map(problemText).join("\n");
  return error instanceof Error ? error.message : String(error);
}

function problemText(problem: OperatorProblem): string {
  const head = problem.where ? `${problem.where}: ${problem.summary}` : problem.summary;
  return [head, problem.detail, problem.remedy && `Remedy: ${problem.remedy}`].filter(Boolean).join("\n");
}
