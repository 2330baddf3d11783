import type { Up } from "./checkout";
import type { Stage } from "./stage";

/** One row of the table. `expected` was written before the code that meets it. */
export interface Fault {
  readonly fault: string;
  /** How it is injected. */
  readonly injected: string;
  /** What a person sees, and what becomes of the hosts. */
  readonly expected: string;
  /** Harms, looks, lifts; ends with the one `up` after which everything is as wanted. */
  run(stage: Stage): Promise<void>;
}

/** An `up` that could not do everything: it says so by its exit code, and names each of these hosts with a reason and a remedy. */
export function expectFailure(up: Up, reasons: Readonly<Record<string, RegExp>>): void {
  expect([up.code, up.told]).toEqual([1, expect.anything()]);
  for (const [node, reason] of Object.entries(reasons)) {
    expect(up.toldOf(node)).toMatch(reason);
    expect(up.toldOf(node)).toMatch(/Remedy: /);
  }
  expect(up.told).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m);
}

export function expectSuccess(up: Up): void {
  if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
}
