/** Whether a version is at least another: `3.10.0` is above `3.9.3`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const have = version.split(".").map(Number);
  const want = wanted.split(".").map(Number);
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
