import { createHash, randomBytes } from "node:crypto";
import { type Curve25519Key, newCurve25519Key } from "../../../remote/curve25519-key";

export interface OpensshKeyPair {
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
  /** Text of a private key file in OpenSSH's own format, not encrypted. */
  readonly privateKey: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
}

const TYPE = "ssh-ed25519";

/** A new ed25519 key pair. */
export function generateOpensshKeyPair(comment: string): OpensshKeyPair {
  return opensshKeyPair(newCurve25519Key("ed25519"), comment);
}

/** Writes a key as OpenSSH's files hold it (PROTOCOL.key of OpenSSH 9). */
function opensshKeyPair({ secret, point }: Curve25519Key, comment: string): OpensshKeyPair {
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  return {
    publicKey: publicLine(publicBlob.toString("base64"), comment),
    privateKey: armour(privateBlob(publicBlob, secret, point, comment)),
    fingerprint: `SHA256:${createHash("sha256").update(publicBlob).digest("base64").replace(/=+$/, "")}`,
  };
}

/** The same public key with another comment. */
export function withComment(publicKey: string, comment: string): string {
  return publicLine(publicKey.split(" ")[1] ?? "", comment);
}

function publicLine(blob: string, comment: string): string {
  return `${TYPE} ${blob}${comment ? ` ${comment}` : ""}`;
}

function privateBlob(publicBlob: Buffer, seed: Buffer, point: Buffer, comment: string): Buffer {
  const check = randomBytes(4);
  const body = Buffer.concat([
    check,
    check,
    field(TYPE),
    field(point),
    field(Buffer.concat([seed, point])),
    field(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([body, padding])),
  ]);
}

function armour(blob: Buffer): string {
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
