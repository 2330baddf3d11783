/** Waits. @throws the signal's reason when it fires first. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const give = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", give);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", give, { once: true });
  });
}

/** Full jitter over a doubling base: attempts that failed together do not come back together. */
export function jitteredDelay(attempt: number, baseMilliseconds: number, mostMilliseconds: number): number {
  return baseMilliseconds / 2 + Math.random() * Math.min(mostMilliseconds, baseMilliseconds * 2 ** attempt);
}

/** The promise, or the signal's reason when it fires first. What the promise does goes on. */
export function orAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const give = () => reject(signal.reason);
    signal.addEventListener("abort", give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
