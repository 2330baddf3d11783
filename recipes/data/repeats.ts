import { createHash } from "node:crypto";

const leastPlaces = 4096;

/**
 * Remembers rows to find the ones that come again, in memory that ends to grow: the first million by 64 bits of their sha1, in 24 MiB.
 * Beyond them a row is still compared with those, which is what finds a file that was written twice.
 */
export class Repeats {
  /** A power of two of places, at most half of them taken, so that a search is short. */
  private places = leastPlaces;
  private high = new Uint32Array(leastPlaces);
  private low = new Uint32Array(leastPlaces);
  /** Number of the line; 0: the place is free. */
  private lines = new Uint32Array(leastPlaces);
  private count = 0;

  constructor(private readonly capacity = 1_000_000) {}

  /** Whether no more rows are remembered. */
  get isFull(): boolean {
    return this.count >= this.capacity;
  }

  /** The line that has the same text, if there is one; else this one is remembered. */
  add(text: string, line: number): number | undefined {
    const digest = createHash("sha1").update(text).digest();
    const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
    const place = this.find(high, low);
    const first = this.lines[place];
    if (first) return first;
    if (this.isFull) return undefined;
    this.put(place, high, low, line);
    this.count++;
    if (this.count * 2 > this.places) this.grow();
    return undefined;
  }

  /** The place of a digest: its own, or the free one where it would go. */
  private find(high: number, low: number): number {
    let place = low & (this.places - 1);
    while (this.lines[place] && (this.high[place] !== high || this.low[place] !== low)) {
      place = (place + 1) & (this.places - 1);
    }
    return place;
  }

  private put(place: number, high: number, low: number, line: number): void {
    this.high[place] = high;
    this.low[place] = low;
    this.lines[place] = line;
  }

  private grow(): void {
    const { high, low, lines } = this;
    this.places *= 2;
    this.high = new Uint32Array(this.places);
    this.low = new Uint32Array(this.places);
    this.lines = new Uint32Array(this.places);
    lines.forEach((line, i) => {
      const [a, b] = [high[i] ?? 0, low[i] ?? 0];
      if (line) this.put(this.find(a, b), a, b, line);
    });
  }
}
