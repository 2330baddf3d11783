import type { Duplex } from "node:stream";

/** The stream broke off before what was expected. */
export class StreamEnded extends Error {}

/** Reads a stream piece by piece. The stream's end, or its error, ends the wait for a piece. */
export class ByteReader {
  private got = Buffer.alloc(0);
  private over: Error | undefined;
  private wake: () => void = () => {};

  constructor(stream: Duplex) {
    stream.on("data", (chunk: Buffer) => {
      this.got = Buffer.concat([this.got, chunk]);
      this.wake();
    });
    stream.on("error", error => this.finish(new StreamEnded(error.message)));
    for (const event of ["end", "close"]) {
      stream.on(event, () => this.finish(new StreamEnded("the server closed the connection")));
    }
  }

  /** @throws StreamEnded, or the reason of `finish`. */
  async take(bytes: number): Promise<Buffer> {
    while (this.got.length < bytes) await this.more();
    const part = this.got.subarray(0, bytes);
    this.got = this.got.subarray(bytes);
    return part;
  }

  /** A line without its end. @throws StreamEnded; Error when the line is longer than `most` bytes. */
  async line(most: number): Promise<string> {
    let end = this.got.indexOf(10);
    while (end < 0) {
      if (this.got.length > most) throw new Error(`a line is longer than ${most} bytes`);
      await this.more();
      end = this.got.indexOf(10);
    }
    const line = this.got.toString("latin1", 0, end);
    this.got = this.got.subarray(end + 1);
    return line.replace(/\r$/, "");
  }

  /** Fails whoever waits. */
  finish(reason: Error): void {
    this.over ??= reason;
    this.wake();
  }

  private async more(): Promise<void> {
    if (this.over) throw this.over;
    await new Promise<void>(resolve => {
      this.wake = resolve;
    });
  }
}
