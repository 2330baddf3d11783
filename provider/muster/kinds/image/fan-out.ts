/** What a host that wants something may do next. */
type Turn =
  | { readonly kind: "from"; readonly source: string }
  /** Nobody has it and nobody is getting it: take it from where it comes from. */
  | { readonly kind: "origin" }
  /** Nobody can give it, and the origin was tried. */
  | { readonly kind: "nothing" };

export interface Ways {
  /** Takes it from a host. False: that host cannot give it. @throws when the taking host fails */
  from(source: string): Promise<boolean>;
  /** Takes it from where it comes from. */
  origin(): Promise<void>;
  /** Whether an error of `origin` is the host's own, which says nothing of the origin: it is out of reach. */
  isOwnFailure?(error: unknown): boolean;
}

interface Source {
  /** Hosts that it serves now. */
  serving: number;
  served: number;
  /** Times that it could not give it. */
  failures: number;
}

interface Waiter {
  readonly target: string;
  /** Hosts that could not give it to this one. */
  readonly refused: Set<string>;
  mayOriginate: boolean;
  grant(turn: Turn): void;
}

export interface FanOutOptions {
  /** Hosts that one host serves at the same time. Default 1: the way to copy something large in the shortest time. */
  readonly servedAtOnce?: number;
  /** Hosts that try the origin, one after the other, before the rest take it that none can. Default 3. */
  readonly originTries?: number;
}

/** A host that failed two others is asked by no third. */
const FAILURES = 2;

/**
 * Who takes something from whom, decided as it goes: whoever has it serves, and whoever has just got it serves at once. N hosts so
 * take about log2(N) times as long as one. There is no fixed parent: a dead or slow host costs only itself.
 */
export class FanOut {
  private readonly sources = new Map<string, Source>();
  private readonly waiting: Waiter[] = [];
  private searching = true;
  private underWay = 0;
  private originating = false;
  private readonly originFailures: { readonly target: string; readonly error: unknown }[] = [];

  constructor(private readonly options: FanOutOptions = {}) {}

  /** A host has it already. */
  found(source: string): void {
    if (!this.sources.has(source)) this.sources.set(source, { serving: 0, served: 0, failures: 0 });
    this.assign();
  }

  /** All hosts that could have it already were asked. Before that nobody goes to the origin. */
  searched(): void {
    this.searching = false;
    this.assign();
  }

  /** Hosts that wait for their turn. */
  get queue(): number {
    return this.waiting.length;
  }

  /**
   * Brings it to a host, which then is a source. Waits only for hosts that have it or that are getting it.
   * @throws what the host itself failed with; the origin's error, when that was tried and nobody else can give it
   */
  async take(target: string, ways: Ways, signal?: AbortSignal): Promise<void> {
    const request = { target, refused: new Set<string>(), mayOriginate: true };
    let originError: unknown;
    for (;;) {
      const turn = await this.turn(request, signal);
      if (turn.kind === "nothing") throw originError ?? this.giveUp();
      if (turn.kind === "from") {
        if (await this.fromSource(turn.source, ways)) break;
        request.refused.add(turn.source);
      } else {
        originError = await this.fromOrigin(target, ways, signal);
        if (originError === undefined) break;
        request.mayOriginate = false;
      }
    }
    this.found(target);
  }

  /** Nobody has a turn between the end of this and what follows from it: that would be decided on half the news. */
  private async fromSource(name: string, ways: Ways): Promise<boolean> {
    const source = this.sources.get(name);
    const end = () => {
      this.underWay--;
      if (source) source.serving--;
    };
    try {
      const given = await ways.from(name);
      end();
      if (source && given) source.served++;
      if (source && !given && ++source.failures >= FAILURES) this.sources.delete(name);
      return given;
    } catch (error) {
      end();
      this.assign();
      throw error;
    }
  }

  /** @returns why it could not be had there */
  private async fromOrigin(target: string, ways: Ways, signal?: AbortSignal): Promise<unknown> {
    try {
      await ways.origin();
      this.originating = false;
      return undefined;
    } catch (error) {
      this.originating = false;
      if (!signal?.aborted && !ways.isOwnFailure?.(error)) {
        this.originFailures.push({ target, error });
        return error;
      }
      this.assign();
      throw error;
    }
  }

  private giveUp(): Error {
    const [first] = this.originFailures;
    const reason = first?.error instanceof Error ? first.error.message : String(first?.error);
    const tried = this.originFailures.map(failure => failure.target).join(", ");
    return new Error(`no other host has it, and it could not be had on ${tried}: ${reason}`, { cause: first?.error });
  }

  private turn(request: Omit<Waiter, "grant">, signal?: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal?.reason);
        this.assign();
      };
      const waiter: Waiter = {
        ...request,
        grant: turn => {
          signal?.removeEventListener("abort", leave);
          resolve(turn);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.waiting.push(waiter);
      this.assign();
    });
  }

  /** Gives everybody a turn who can have one, the longest waiting first. */
  private assign(): void {
    for (const waiter of [...this.waiting]) {
      const turn = this.nextFor(waiter);
      if (!turn) continue;
      this.waiting.splice(this.waiting.indexOf(waiter), 1);
      if (turn.kind === "origin") this.originating = true;
      if (turn.kind === "from") {
        this.underWay++;
        const source = this.sources.get(turn.source);
        if (source) source.serving++;
      }
      waiter.grant(turn);
    }
  }

  /** Undefined: it waits. */
  private nextFor({ target, refused, mayOriginate }: Waiter): Turn | undefined {
    const possible = [...this.sources].filter(([name]) => name !== target && !refused.has(name));
    const idle = possible.filter(([, source]) => source.serving < (this.options.servedAtOnce ?? 1));
    const [best] = idle.sort(([, a], [, b]) => a.serving - b.serving || a.served - b.served);
    if (best) return { kind: "from", source: best[0] };
    if (possible.length > 0 || this.searching || this.underWay > 0 || this.originating) return undefined;
    const triesLeft = this.originFailures.length < (this.options.originTries ?? 3);
    return mayOriginate && triesLeft ? { kind: "origin" } : { kind: "nothing" };
  }
}
