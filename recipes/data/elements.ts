import { type Line, lineOf, longestLineBytes } from "./lines";

const signs = { quote: 0x22, backslash: 0x5c, comma: 0x2c } as const;
const opening: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closing: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * The elements of a JSON list that comes in pieces, each with the line on which it begins. Only the element at hand is held. Bytes
 * above 0x7F never are a sign of JSON, so no decoding is needed to find the ends.
 */
export async function* elementsOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limitBytes = longestLineBytes,
): AsyncGenerator<Line> {
  const scanner = new Scanner();
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  const add = (piece: Uint8Array): void => {
    bytes += piece.length;
    if (bytes > limitBytes) pieces = [];
    else pieces.push(piece);
  };
  const take = (): Line => {
    const number = scanner.takeStart();
    const line = bytes > limitBytes ? ({ number, unreadable: "too long" } as const) : lineOf(number, pieces);
    pieces = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const found = scanner.next(chunk[i] ?? 0);
      if (found === undefined) continue;
      if (found !== "begin") {
        add(chunk.subarray(start, i));
        const element = take();
        if (element.text?.trim() !== "") yield element;
      }
      start = i + 1;
    }
    // A copy, because a stream may fill its buffer anew.
    if (scanner.isInside) add(Uint8Array.prototype.slice.call(chunk, start));
  }
  if (!scanner.hasEnded) yield { number: scanner.line, unreadable: "cut off" };
  else if (scanner.rest !== undefined) yield { number: scanner.rest, unreadable: "behind the list" };
}

/** Follows JSON byte by byte: where its outermost list begins, goes on and ends. */
class Scanner {
  line = 1;
  /** The outermost list is over. What follows is read still, because whoever counts the bytes wants them all. */
  hasEnded = false;
  /** Line of the first sign behind the end. */
  rest: number | undefined;
  private start: number | undefined;
  private depth = 0;
  private isText = false;
  private isEscaped = false;

  get isInside(): boolean {
    return this.depth > 0;
  }

  /** Line on which the element at hand begins; the next one is waited for. */
  takeStart(): number {
    const { start = this.line } = this;
    this.start = undefined;
    return start;
  }

  next(byte: number): "begin" | "comma" | "end" | undefined {
    if (byte === 10) this.line++;
    if (this.hasEnded) {
      if (byte > 32) this.rest ??= this.line;
      return undefined;
    }
    if (this.isText) {
      this.inText(byte);
      return undefined;
    }
    if (byte > 32 && this.isInside) this.start ??= this.line;
    if (byte === signs.quote) this.isText = true;
    else if (opening.has(byte)) return ++this.depth === 1 ? "begin" : undefined;
    else if (closing.has(byte)) return this.leave();
    return byte === signs.comma && this.depth === 1 ? "comma" : undefined;
  }

  private leave(): "end" | undefined {
    this.depth--;
    this.hasEnded = this.depth === 0;
    return this.hasEnded ? "end" : undefined;
  }

  private inText(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === signs.backslash) this.isEscaped = true;
    else if (byte === signs.quote) this.isText = false;
  }
}
