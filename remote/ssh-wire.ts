/** Reads the data types of the ssh protocol (RFC 4251, 5), one after the other. */
export class WireReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get offset(): number {
    return this.at;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** @throws RangeError, as all of these, when the bytes end too early. */
  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  bytesOf(length: number): Buffer {
    return this.take(length);
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString("utf8");
  }

  /** A name-list: comma-separated ASCII. */
  names(): string[] {
    const text = this.string().toString("latin1");
    return text === "" ? [] : text.split(",");
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError("the data ends too early");
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

export function wireUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string with its length before it. */
export function wireString(content: string | Buffer): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([wireUint32(bytes.length), bytes]);
}

/** What `read` makes of the bytes; undefined when they end too early. */
export function readWire<T>(bytes: Buffer, read: (reader: WireReader) => T): T | undefined {
  try {
    return read(new WireReader(bytes));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
