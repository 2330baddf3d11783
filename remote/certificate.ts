import { type HostKey, hostKeyFromWire } from "./host-key";
import { verifySignature } from "./signature";
import { readWire, WireReader, wireString } from "./ssh-wire";

/** An OpenSSH certificate (PROTOCOL.certkeys of OpenSSH 9). */
export interface Certificate {
  /** `ssh-ed25519-cert-v01@openssh.com`, … */
  readonly type: string;
  /** The whole of it, as it goes over the wire. */
  readonly wire: Buffer;
  /** The key that it certifies. */
  readonly key: HostKey;
  readonly use: "user" | "host";
  readonly id: string;
  readonly serial: bigint;
  readonly principals: readonly string[];
  /** Seconds since 1970. */
  readonly validAfter: bigint;
  /** Seconds since 1970; FOREVER: it never ends. */
  readonly validBefore: bigint;
  readonly criticalOptions: readonly string[];
  /** The key that signed it. */
  readonly authority: HostKey;
  readonly hasValidSignature: boolean;
}

export const FOREVER = 2n ** 64n - 1n;
const SUFFIX = "-cert-v01@openssh.com";

/** How many strings describe the public key, by type: they stand between the nonce and the serial number. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "ssh-rsa": 2,
};

/** From `ssh-ed25519-cert-v01@openssh.com AAAA… comment`, the text of a `-cert.pub` file. */
export function parseCertificate(text: string): Certificate | undefined {
  const [type, base64] = text.trim().split(/\s+/);
  if (!type || !base64 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const found = certificateFromWire(Buffer.from(base64, "base64"));
  return found?.type === type ? found : undefined;
}

/** Undefined when the bytes are no certificate of a type that is known here. The signature is checked, nothing else. */
export function certificateFromWire(wire: Buffer): Certificate | undefined {
  return readWire(wire, reader => read(wire, reader));
}

function read(wire: Buffer, reader: WireReader): Certificate | undefined {
  const type = reader.text();
  const plainType = type.endsWith(SUFFIX) ? type.slice(0, -SUFFIX.length) : "";
  const fields = KEY_FIELDS[plainType];
  if (fields === undefined) return undefined;
  reader.string();
  const start = reader.offset;
  for (let field = 0; field < fields; field++) reader.string();
  const key = hostKeyFromWire(Buffer.concat([wireString(plainType), wire.subarray(start, reader.offset)]));
  const serial = reader.uint64();
  const use = { 1: "user", 2: "host" }[reader.uint32()] as "user" | "host" | undefined;
  const id = reader.text();
  const principals = strings(reader.string());
  const [validAfter, validBefore] = [reader.uint64(), reader.uint64()];
  const criticalOptions = strings(reader.string()).filter((_, index) => index % 2 === 0);
  reader.string();
  reader.string();
  const authority = hostKeyFromWire(reader.string());
  const signed = wire.subarray(0, reader.offset);
  const signature = reader.string();
  if (!key || !use || !authority || !reader.atEnd) return undefined;
  const times = { validAfter, validBefore };
  const hasValidSignature = verifySignature(authority, signed, signature);
  return { type, wire, key, use, id, serial, principals, ...times, criticalOptions, authority, hasValidSignature };
}

function strings(list: Buffer): string[] {
  const reader = new WireReader(list);
  const found: string[] = [];
  while (!reader.atEnd) found.push(reader.text());
  return found;
}

/** Why it is not good at this time; undefined when it is. */
export function validityTrouble(certificate: Certificate, now: Date): string | undefined {
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  if (seconds < certificate.validAfter) return `it is not valid before ${timeText(certificate.validAfter)}`;
  if (seconds >= certificate.validBefore) return `it expired at ${timeText(certificate.validBefore)}`;
  return undefined;
}

/** `certificate "alice@corp" for alice, valid until …`: for messages. */
export function describeCertificate(certificate: Certificate): string {
  const { id, principals, validBefore } = certificate;
  const names = principals.length > 0 ? principals.map(printable).join(", ") : "no name";
  const end = validBefore === FOREVER ? "without an end" : `until ${timeText(validBefore)}`;
  return `certificate "${printable(id)}" for ${names}, valid ${end}`;
}

/** What somebody else wrote must not steer a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}

/** Years past what a Date can hold (8640000000000 s) are shown as seconds. */
function timeText(seconds: bigint): string {
  if (seconds > 8_640_000_000_000n) return `second ${seconds} of the epoch`;
  return new Date(Number(seconds) * 1000).toISOString().replace(".000", "");
}
