import { createECDH, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { ByteReader } from "./byte-reader";
import { type Certificate, certificateFromWire } from "./certificate";
import { newCurve25519Key } from "./curve25519-key";
import { readWire, type WireReader, wireString, wireUint32 } from "./ssh-wire";

/** Numbers of RFC 4253, 12 and RFC 5656, 7.1. */
const DISCONNECT = 1;
const KEXINIT = 20;
const ECDH_INIT = 30;
const ECDH_REPLY = 31;

const LONGEST_LINE_BYTES = 8192;
/** What a server may say before its version (RFC 4253, 4.2). */
const MOST_LINES = 1024;
/** RFC 4253, 6.1 asks for 35000 at least. */
const LARGEST_PACKET_BYTES = 256 * 1024;

/** Best first. */
const CERTIFICATE_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
].map(plain => `${plain}-cert-v01@openssh.com`);

/** A public number of our own for each way to exchange keys. Nothing is ever derived from it. */
const EXCHANGES: Readonly<Record<string, () => Buffer>> = {
  "curve25519-sha256": x25519,
  "curve25519-sha256@libssh.org": x25519,
  "ecdh-sha2-nistp256": () => createECDH("prime256v1").generateKeys(),
  "ecdh-sha2-nistp384": () => createECDH("secp384r1").generateKeys(),
  "ecdh-sha2-nistp521": () => createECDH("secp521r1").generateKeys(),
};

/**
 * The host certificate that an ssh server shows; undefined when it has none. ssh2 knows no certificates of hosts, so this is a client
 * of its own that begins a key exchange, in clear, and hangs up once the server has shown its certificate. That the server also holds
 * the certified key is proven by the handshake of ssh2 that follows, which is allowed that key alone.
 * @throws Error; the stream is closed in any case.
 */
export async function readHostCertificate(stream: Duplex, timeoutSeconds: number): Promise<Certificate | undefined> {
  const reader = new ByteReader(stream);
  const late = () =>
    reader.finish(new Error(`the server did not show its host certificate within ${timeoutSeconds} s`));
  const timer = setTimeout(late, timeoutSeconds * 1000);
  try {
    return await exchange(stream, reader);
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

async function exchange(stream: Duplex, reader: ByteReader): Promise<Certificate | undefined> {
  stream.write("SSH-2.0-muster\r\n");
  for (let lines = 0; !(await reader.line(LONGEST_LINE_BYTES)).startsWith("SSH-2.0-"); lines++) {
    if (lines === MOST_LINES) throw new Error("what answers is no ssh server");
  }
  const offer = readWire(await packet(reader, KEXINIT), readOffer);
  if (!offer) throw new Error("the server's offer of algorithms is malformed");
  const exchangeName = Object.keys(EXCHANGES).find(name => offer.exchanges.includes(name));
  const ownNumber = EXCHANGES[exchangeName ?? ""]?.();
  if (!CERTIFICATE_ALGORITHMS.some(name => offer.hostKeys.includes(name))) return undefined;
  if (exchangeName === undefined || !ownNumber) {
    throw new Error(`the server exchanges keys only by ${offer.exchanges.join(", ")}`);
  }
  stream.write(framed(ownOffer(exchangeName, offer)));
  stream.write(framed(Buffer.concat([Buffer.from([ECDH_INIT]), wireString(ownNumber)])));
  const shown = readWire(await packet(reader, ECDH_REPLY), answer => answer.string());
  const certificate = shown && certificateFromWire(shown);
  if (!certificate) throw new Error("the server's host certificate is malformed");
  return certificate;
}

interface Offer {
  readonly exchanges: readonly string[];
  readonly hostKeys: readonly string[];
  /** Ciphers, MACs, compressions, languages: as they came. Nothing is ever encrypted by them. */
  readonly rest: Buffer;
}

function readOffer(reader: WireReader): Offer {
  reader.bytesOf(16);
  const [exchanges, hostKeys] = [reader.names(), reader.names()];
  const rest = Array.from({ length: 8 }, () => wireString(reader.string()));
  return { exchanges, hostKeys, rest: Buffer.concat(rest) };
}

function ownOffer(exchangeName: string, { rest }: Offer): Buffer {
  return Buffer.concat([
    Buffer.from([KEXINIT]),
    randomBytes(16),
    wireString(exchangeName),
    wireString(CERTIFICATE_ALGORITHMS.join(",")),
    rest,
    Buffer.alloc(5),
  ]);
}

/** The next packet of this kind, without the number of its kind; others are skipped. @throws Error when the server takes its leave. */
async function packet(reader: ByteReader, wanted: number): Promise<Buffer> {
  for (;;) {
    const length = (await reader.take(4)).readUInt32BE();
    if (length < 2 || length > LARGEST_PACKET_BYTES) throw new Error("what answers does not speak ssh");
    const body = await reader.take(length);
    const payload = body.subarray(1, length - body.readUInt8());
    if (payload[0] === wanted) return payload.subarray(1);
    if (payload[0] === DISCONNECT) throw new Error(`the server hung up: ${farewell(payload)}`);
  }
}

function farewell(payload: Buffer): string {
  const read = (reader: WireReader) => {
    reader.bytesOf(5);
    return reader.text();
  };
  return readWire(payload, read)?.replace(/\p{C}/gu, "?") || "it gives no reason";
}

/** A packet in clear (RFC 4253, 6): length, length of the padding, payload, padding up to a multiple of 8. */
function framed(payload: Buffer): Buffer {
  const padding = 4 + ((8 - ((5 + payload.length + 4) % 8)) % 8);
  return Buffer.concat([
    wireUint32(1 + payload.length + padding),
    Buffer.from([padding]),
    payload,
    randomBytes(padding),
  ]);
}

function x25519(): Buffer {
  return newCurve25519Key("x25519").point;
}
