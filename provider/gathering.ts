/**
 * Lets those wait that would better go together. An engine asks for one resource after the other, though all at about the same
 * time, and what goes to a host together travels in one command.
 */
export class Gathering {
  private lastMilliseconds = 0;

  constructor(
    /** It is over when nobody has joined for so long. */
    private readonly quietMilliseconds: number,
    /** Nobody waits longer. */
    private readonly mostMilliseconds: number,
  ) {}

  /** Notes one more; those who wait go on waiting. */
  join(): void {
    this.lastMilliseconds = performance.now();
  }

  /** Resolves once nobody joins any more. */
  async over(): Promise<void> {
    const end = performance.now() + this.mostMilliseconds;
    for (;;) {
      const left = Math.min(this.lastMilliseconds + this.quietMilliseconds, end) - performance.now();
      if (left <= 0) return;
      await new Promise(resolve => setTimeout(resolve, Math.ceil(left)));
    }
  }
}
