import type { Check } from "../check";

/** A rule that is broken: `[broken, path below pipeline, code, found, expected, remedy]`. */
export type Rule = readonly [boolean, string, string, string, string, string];

/** The rules that are broken, as errors. */
export function brokenRules(rules: readonly Rule[], severity: Check["severity"] = "error"): Check[] {
  return rules
    .filter(([isBroken]) => isBroken)
    .map(([, path, code, found, expected, remedy]) => ({
      code,
      severity,
      path: ["pipeline", ...path.split(".")],
      found,
      expected,
      remedy,
    }));
}

/** Whether a boolean argument is on: under args it may be a word. */
export function isOn(args: Readonly<Record<string, unknown>>, name: string, byDefault = false): boolean {
  const value = args[name];
  return value === undefined ? byDefault : /^(true|yes|t|y|1)$/i.test(String(value));
}
