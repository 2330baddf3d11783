import { Transform, type TransformCallback } from "node:stream";

/** What a login shell's start files may print before our shell speaks. */
const LONGEST_NOISE_BYTES = 1024 * 1024;

/** Passes on what comes after the first `mark`; what came before (the start files' noise) is kept apart. */
export class MarkedOutput extends Transform {
  /** Up to and without the mark. */
  noise = Buffer.alloc(0);
  private found = false;

  /** `onMark` gets the rest of the mark's line; `onNoise` all that came before it, so far. */
  constructor(
    private readonly mark: string,
    private readonly onMark: (line: string) => void,
    private readonly onNoise: (noise: Buffer) => void = () => {},
  ) {
    super();
  }

  get started(): boolean {
    return this.found;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.found) {
      done(null, chunk);
      return;
    }
    this.noise = Buffer.concat([this.noise, chunk]);
    const start = this.noise.indexOf(this.mark);
    const end = start < 0 ? -1 : this.noise.indexOf("\n", start);
    if (end < 0) {
      if (this.noise.length > LONGEST_NOISE_BYTES) this.noise = this.noise.subarray(-LONGEST_NOISE_BYTES);
      this.onNoise(this.noise);
      done();
      return;
    }
    this.found = true;
    const line = this.noise.toString("utf8", start + this.mark.length, end).trim();
    const rest = this.noise.subarray(end + 1);
    this.noise = this.noise.subarray(0, start);
    this.onMark(line);
    done(null, rest.length > 0 ? rest : undefined);
  }
}
