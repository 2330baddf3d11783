/** What is known about one topic of a host. A probe that could not run gives `unknown`, never `absent`. */
export type Fact<T> =
  | { readonly status: "present"; readonly value: T }
  | { readonly status: "absent" }
  | { readonly status: "unknown"; readonly reason: string; readonly remedy?: string };

/** What one snippet left behind. */
export interface Answer {
  readonly exitCode: number;
  /** Standard output, and standard error after it failed. */
  readonly output: string;
}

/** One topic: how to ask (POSIX sh, Debian's base packages only, changes nothing) and how to read the answer. */
export interface Topic<T> {
  /** Exit 0: the answer is on standard output. Exit `ABSENT`: the host has no such thing. Else the output says why. */
  readonly snippet: string;
  /** Pure. @throws Error on an answer of another shape; that makes the fact unknown. */
  parse(output: string): T;
}

/** Exit code of a snippet whose thing is not there. */
export const ABSENT = 3;

/** Turns an answer into a fact. */
export function factOf<T>(topic: Topic<T>, answer: Answer | undefined): Fact<T> {
  if (!answer) return { status: "unknown", reason: "the probe gave no answer" };
  if (answer.exitCode === ABSENT) return { status: "absent" };
  if (answer.exitCode === 124) return { status: "unknown", reason: "it did not answer in time" };
  if (answer.exitCode !== 0) return { status: "unknown", reason: lastWords(answer) };
  try {
    return { status: "present", value: topic.parse(answer.output) };
  } catch (error) {
    return { status: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The value, or undefined when it is absent or unknown. */
export function presentValue<T>(fact: Fact<T>): T | undefined {
  return fact.status === "present" ? fact.value : undefined;
}

function lastWords(answer: Answer): string {
  const words = answer.output.split("\n").filter(line => !line.startsWith("{"));
  return words.join("\n").trim().slice(-500) || `the probe ended with ${answer.exitCode}`;
}
