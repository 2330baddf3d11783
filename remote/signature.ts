import { createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import type { HostKey } from "./host-key";
import { readWire, type WireReader } from "./ssh-wire";

const CURVES: Readonly<Record<string, { readonly curve: string; readonly hash: string; readonly bytes: number }>> = {
  "ecdsa-sha2-nistp256": { curve: "P-256", hash: "sha256", bytes: 32 },
  "ecdsa-sha2-nistp384": { curve: "P-384", hash: "sha384", bytes: 48 },
  "ecdsa-sha2-nistp521": { curve: "P-521", hash: "sha512", bytes: 66 },
};

/** SHA-1 (`ssh-rsa`) is not among them: OpenSSH has refused it since 8.2 for certificates. */
const RSA_HASHES: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };

/** Whether the key made this signature (`string algorithm, string signature`: RFC 4253, 5656, 8332, 8709) of the data. */
export function verifySignature(key: HostKey, data: Buffer, signature: Buffer): boolean {
  const parts = readWire(signature, reader => ({ algorithm: reader.text(), value: reader.string() }));
  const publicKey = parts && keyObject(key);
  if (!parts || !publicKey) return false;
  const { algorithm, value } = parts;
  if (key.type === "ssh-ed25519") return algorithm === key.type && verify(null, data, publicKey, value);
  if (key.type === "ssh-rsa") {
    const hash = RSA_HASHES[algorithm];
    return hash !== undefined && verify(hash, data, publicKey, value);
  }
  const curve = CURVES[key.type];
  if (!curve || algorithm !== key.type) return false;
  const numbers = readWire(value, reader => [reader.string(), reader.string()].map(part => fixed(part, curve.bytes)));
  if (!numbers?.every(part => part !== undefined)) return false;
  const joined = Buffer.concat(numbers as Buffer[]);
  return verify(curve.hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, joined);
}

/** Undefined for a key that is malformed, or of a type that is not known here. */
function keyObject(key: HostKey): KeyObject | undefined {
  const jwk = readWire(Buffer.from(key.base64, "base64"), reader => webKey(key.type, reader));
  if (!jwk) return undefined;
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    return undefined;
  }
}

function webKey(type: string, reader: WireReader): JsonWebKey | undefined {
  if (reader.text() !== type) return undefined;
  if (type === "ssh-ed25519") return { kty: "OKP", crv: "Ed25519", x: reader.string().toString("base64url") };
  if (type === "ssh-rsa") {
    const [e, n] = [unsigned(reader.string()), unsigned(reader.string())];
    return { kty: "RSA", e: e.toString("base64url"), n: n.toString("base64url") };
  }
  const curve = CURVES[type];
  if (!curve) return undefined;
  reader.string();
  const point = reader.string();
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) return undefined;
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
  return { kty: "EC", crv: curve.curve, x: x.toString("base64url"), y: y.toString("base64url") };
}

/** A positive mpint without its leading zeros. */
function unsigned(number: Buffer): Buffer {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  return number.subarray(start);
}

function fixed(number: Buffer, bytes: number): Buffer | undefined {
  const bare = unsigned(number);
  return bare.length > bytes ? undefined : Buffer.concat([Buffer.alloc(bytes - bare.length), bare]);
}
