import { createHash } from "node:crypto";

/** A public host key: its type and the base64 of its wire form. */
export interface HostKey {
  readonly type: string;
  readonly base64: string;
}

/** From the wire form: its first string is the type (RFC 4253, 6.6). Undefined when it is not a key. */
export function hostKeyFromWire(wire: Buffer): HostKey | undefined {
  if (wire.length < 4) return undefined;
  const length = wire.readUInt32BE(0);
  if (length === 0 || wire.length < 4 + length) return undefined;
  return { type: wire.toString("latin1", 4, 4 + length), base64: wire.toString("base64") };
}

/** From `ssh-ed25519 AAAA… comment`. Undefined when the text is not a key, or is not of the type it says. */
export function parseHostKey(text: string): HostKey | undefined {
  const [type, base64] = text.trim().split(/\s+/);
  if (!type || !base64 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = hostKeyFromWire(Buffer.from(base64, "base64"));
  return key?.type === type ? key : undefined;
}

export function formatHostKey(key: HostKey): string {
  return `${key.type} ${key.base64}`;
}

/** `SHA256:…` as `ssh-keygen -lf` prints it. */
export function fingerprint(key: HostKey): string {
  const digest = createHash("sha256").update(Buffer.from(key.base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** `SHA256:… (ssh-ed25519)`, for messages. */
export function describeHostKey(key: HostKey): string {
  return `${fingerprint(key)} (${key.type})`;
}
