/** The last speed that a training has printed, in seconds a step: `'train_speed(s/it)': 0.59` or `'train_speed(iter/s)': 1.7` (ms-swift). */
export function secondsPerStep(log: string): number | undefined {
  const found = [...log.matchAll(/['"]train_speed\((s\/it|iter\/s)\)['"]:\s*['"]?([0-9.]+)/g)].at(-1);
  const value = Number(found?.[2]);
  if (!found || !Number.isFinite(value) || value <= 0) return undefined;
  return found[1] === "s/it" ? value : 1 / value;
}
