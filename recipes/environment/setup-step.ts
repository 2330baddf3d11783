import { quote } from "../../remote/shell";

/** One step of an installation: what is looked at, and what is done if it is not as it should be. POSIX sh. */
export interface SetupStep {
  readonly name: string;
  /** Exit 0: done. Exit 3: not done, with the reason on standard output. */
  readonly check: string;
  readonly apply: string;
  readonly timeoutSeconds?: number;
}

/** Exit status of a check for "not done". */
export const NOT_DONE = 3;

/** Says why a step is not done, and ends its check. */
export function notDone(reason: string): string {
  return `{ echo ${quote(reason)}; exit ${NOT_DONE}; }`;
}

/** A step as a person would run it: for golden files, and to read what a step does. */
export function renderStep({ name, check, apply }: SetupStep): string {
  return `# ${name}\nif (\n${check}); then :; else (\n${apply}) || exit; fi\n`;
}
