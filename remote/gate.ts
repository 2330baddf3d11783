/** Lets at most `width` holders in at once; the rest wait in order of arrival. */
export class Gate {
  private inside = 0;
  private readonly waiting: { admit: () => void }[] = [];

  constructor(private width: number) {}

  get held(): number {
    return this.inside;
  }

  get idle(): boolean {
    return this.inside === 0 && this.waiting.length === 0;
  }

  /** Narrows the gate for good, to one at least. */
  narrow(width: number): void {
    this.width = Math.max(1, Math.min(this.width, width));
  }

  /**
   * Waits for a place. Call the result once to give it back.
   * @throws the signal's reason when it fires first.
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.inside >= this.width) await this.queue(signal);
    else this.inside++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.inside--;
      this.admitNext();
    };
  }

  private queue(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        admit: () => {
          signal?.removeEventListener("abort", give);
          resolve();
        },
      };
      const give = () => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", give, { once: true });
      this.waiting.push(entry);
    });
  }

  private admitNext(): void {
    while (this.inside < this.width) {
      const next = this.waiting.shift();
      if (!next) return;
      this.inside++;
      next.admit();
    }
  }
}
