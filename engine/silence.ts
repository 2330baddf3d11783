/** How long a program that has failed may be silent before it is ended: cmd/run lingers for a minute. */
const SILENCE_MS = 1000;

/** What to say of a program that has failed without a word. */
export const SILENT_END =
  "the program ended before it was done and said nothing of why: it swallowed an error, or called process.exit()";

export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>(done => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A program that has failed and then asks for nothing is over, whatever it still does. */
export class Silence {
  private readonly coming = deferred<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: { readonly idle: boolean }) {}

  /** Resolves with what there is to say about it: nothing, the program has said it all. */
  get come(): Promise<string> {
    return this.coming.promise;
  }

  /** To be called once the program has failed. */
  readonly watch = (): void => {
    this.timer ??= setInterval(() => this.session.idle && this.coming.resolve(""), SILENCE_MS);
  };

  stop(): void {
    clearInterval(this.timer);
  }
}
