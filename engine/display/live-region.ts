/** Where lines go. A terminal is a sink whose last lines can be drawn again. */
export interface Sink {
  write(text: string): unknown;
}

const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A` : "");
const eraseBelow = "\r\u001b[J";

/** The last lines of a terminal, redrawn in place; permanent lines go above them. */
export class LiveRegion {
  private drawn = 0;

  constructor(private readonly sink: Sink) {}

  draw(permanent: readonly string[], region: readonly string[]): void {
    const text = [...permanent, ...region].map(line => `${line}\n`).join("");
    this.sink.write(`${up(this.drawn)}${this.drawn > 0 ? eraseBelow : ""}${text}`);
    this.drawn = region.length;
  }

  clear(): void {
    this.draw([], []);
  }
}
