/** What an operator needs to know about a failure. Every text is for people; none may hold a secret. */
export interface OperatorProblem {
  /** One line: what is wrong. */
  readonly summary: string;
  /** Host, file:line, field or resource. */
  readonly where?: string;
  /** Why it is wrong; may have several lines. */
  readonly detail?: string;
  /** What to do about it, with the command to type where there is one. */
  readonly remedy?: string;
}

/** A failure that is explained to the operator. It is shown without a stack trace (`--debug` shows one). */
export class OperatorError extends Error {
  readonly problems: readonly OperatorProblem[];

  /** Give several problems to report all of them at once. */
  constructor(problems: OperatorProblem | readonly OperatorProblem[], options?: ErrorOptions) {
    const list = isList(problems) ? problems : [problems];
    super(list.map(problem => problem.summary).join("; "), options);
    this.name = "OperatorError";
    this.problems = list;
  }
}

function isList(problems: OperatorProblem | readonly OperatorProblem[]): problems is readonly OperatorProblem[] {
  return Array.isArray(problems);
}
