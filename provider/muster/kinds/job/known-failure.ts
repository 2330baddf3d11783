import { z } from "zod";

/** A failure that the program is known for. `reason` and `remedy` may hold `{group}`: a named group of the pattern. */
export const knownFailureSchema = z.object({
  name: z.string().min(1),
  /** Regular expression of ECMAScript, searched in the log with `^` and `$` at every line. The last match counts. */
  pattern: z.string().min(1),
  reason: z.string().min(1),
  remedy: z.string().min(1),
});

export type KnownFailure = z.infer<typeof knownFailureSchema>;

/** What a log says, in the operator's words. */
export interface Diagnosis {
  readonly name: string;
  readonly reason: string;
  readonly remedy: string;
}

/** @returns what is wrong with the pattern; undefined when nothing is. */
export function patternProblem({ pattern }: Pick<KnownFailure, "pattern">): string | undefined {
  try {
    new RegExp(pattern, "gm");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first known failure, in their order, that the log shows. Progress bars' carriage returns count as line ends. */
export function diagnose(log: string, failures: readonly KnownFailure[]): Diagnosis | undefined {
  const text = log.replace(/\r\n?/g, "\n");
  for (const { name, pattern, reason, remedy } of failures) {
    const match = [...text.matchAll(new RegExp(pattern, "gm"))].at(-1);
    if (match) return { name, reason: filled(reason, match.groups), remedy: filled(remedy, match.groups) };
  }
  return undefined;
}

function filled(sentence: string, groups: Readonly<Record<string, string | undefined>> = {}): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => groups[name] ?? whole);
}
