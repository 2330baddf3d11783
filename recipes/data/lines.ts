import { isUtf8 } from "node:buffer";

/** A line of a file: its text, or why it has none. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text?: string;
  readonly unreadable?: "not UTF-8" | "too long" | "cut off" | "behind the list";
}

/** A longer line is told and left out, so that a file without line breaks takes no more memory than this. */
export const longestLineBytes = 64 * 1024 * 1024;

/**
 * The lines of a file that comes in pieces. Only the line at hand is held. A line break is the byte 0x0A: no other character of
 * UTF-8 has it.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limitBytes = longestLineBytes,
): AsyncGenerator<Line> {
  let number = 1;
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  const add = (piece: Uint8Array): void => {
    bytes += piece.length;
    if (bytes > limitBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const take = (): Line => {
    const line = bytes > limitBytes ? ({ number, unreadable: "too long" } as const) : lineOf(number, pieces);
    number++;
    pieces = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    // A copy, because a stream may fill its buffer anew. A Buffer's own slice would be none.
    add(Uint8Array.prototype.slice.call(chunk, start));
  }
  if (bytes > 0) yield take();
}

/** A line out of its bytes. */
export function lineOf(number: number, pieces: readonly Uint8Array[]): Line {
  const [only] = pieces;
  const all = pieces.length === 1 && only ? only : Buffer.concat(pieces);
  if (!isUtf8(all)) return { number, unreadable: "not UTF-8" };
  return { number, text: Buffer.from(all.buffer, all.byteOffset, all.byteLength).toString("utf8") };
}
