/**
 * A failure that a program is known for, as data for the job that runs it: the job's error then says why, and what helps.
 * `reason` and `remedy` may hold `{group}`, a named group of the pattern. Design note 0012.
 */
export interface KnownFailure {
  readonly name: string;
  /** Regular expression of ECMAScript, searched with `^` and `$` at every line of the log. */
  readonly pattern: string;
  readonly reason: string;
  readonly remedy: string;
}
