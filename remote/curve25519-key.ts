import { generateKeyPairSync } from "node:crypto";

const BYTES = 32;

/** The two numbers of a key of Curve25519, 32 bytes each (RFC 8032, RFC 7748). */
export interface Curve25519Key {
  readonly secret: Buffer;
  readonly point: Buffer;
}

interface DerPair {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

/**
 * A new key. Encoded while it is made: Node 20.20 ends in a deadlock where `export({ format: "jwk" })` of a key that was just made meets a
 * garbage collection (KeyGenJob's destructor waits for the lock that ExportJWKEdKey holds), and then the whole process stands still.
 * Both encodings (RFC 8410) end with the number.
 */
export function newCurve25519Key(type: "ed25519" | "x25519"): Curve25519Key {
  // The types know these encodings for ed25519 only.
  const generate = generateKeyPairSync as unknown as (type: string, encodings: object) => DerPair;
  const { privateKey, publicKey } = generate(type, {
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  return { secret: privateKey.subarray(-BYTES), point: publicKey.subarray(-BYTES) };
}
