import type { Topic } from "./fact";

export interface Clock {
  /** Seconds since 1970 on the host when it answered. */
  readonly epochSeconds: number;
  /** Whether the kernel's clock is kept by a time server; left out where nothing tells. */
  readonly isSynchronized?: boolean;
}

export const clock: Topic<Clock> = {
  // timedatectl reads the kernel's own flag, whichever program keeps the clock.
  snippet: `date +%s.%N
timeout 5 timedatectl show --property=NTPSynchronized --value 2>/dev/null
exit 0`,
  parse(output) {
    const [time = "", synchronized] = output.trim().split("\n");
    const epochSeconds = Number(time);
    if (!Number.isFinite(epochSeconds) || time === "") throw new Error(`date gave "${time}"`);
    const isTold = synchronized === "yes" || synchronized === "no";
    return { epochSeconds, ...(isTold && { isSynchronized: synchronized === "yes" }) };
  },
};
