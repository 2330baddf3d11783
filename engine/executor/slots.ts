/** Lets at most `count` tasks run at the same time, first come, first served. */
export class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = Math.max(1, count);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>(resolve => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}

interface Waiting {
  /** Empty: has none, and comes when it came. */
  readonly rank: string;
  start(): void;
}

/**
 * Runs tasks one after the other, as they came; those with a rank go by rank among themselves. What comes at the same moment
 * waits for each other, so that the order is the same in every run.
 */
export class Turns {
  private readonly waiting: Waiting[] = [];
  private busy = false;

  run<T>(rank: string, task: () => Promise<T>): Promise<T> {
    const turn = new Promise<void>(start => this.waiting.push({ rank, start }));
    if (!this.busy) {
      this.busy = true;
      setImmediate(() => this.next());
    }
    return turn.then(task).finally(() => this.next());
  }

  private next(): void {
    const [oldest] = this.waiting;
    const first = oldest?.rank
      ? this.waiting.reduce((best, item) => (isBefore(item, best) ? item : best), oldest)
      : oldest;
    this.busy = first !== undefined;
    if (first === undefined) return;
    this.waiting.splice(this.waiting.indexOf(first), 1);
    first.start();
  }
}

function isBefore(item: Waiting, other: Waiting): boolean {
  return item.rank !== "" && item.rank < other.rank;
}
