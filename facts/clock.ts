import type { Topic } from "./fact";

export interface Clock {
  /** Seconds since 1970 on the host when it answered. */
  readonly epochSeconds: number;
}

export const clock: Topic<Clock> = {
  snippet: "date +%s.%N",
  parse(output) {
    const epochSeconds = Number(output.trim());
    if (!Number.isFinite(epochSeconds) || output.trim() === "") throw new Error(`date gave "${output.trim()}"`);
    return { epochSeconds };
  },
};
