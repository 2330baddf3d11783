import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);
const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CHECK_TEXT = "pulumi";
const VERSION = "v1";

/** A passphrase that does not open the stack's secrets. */
export class WrongPassphraseError extends Error {
  constructor() {
    super(
      "incorrect passphrase: it does not open the secrets of this stack.\n" +
        "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase that the stack was made with.",
    );
    this.name = "WrongPassphraseError";
  }
}

/** Encrypts and decrypts texts with one stack's key. */
export interface Cipher {
  /** `v1:<base64 salt>:<check value>`, as in `encryptionsalt` and in the state. */
  readonly salt: string;
  encrypt(text: string): string;
  /** Throws on anything that this key did not encrypt. */
  decrypt(ciphertext: string): string;
}

const keys = new Map<string, Promise<Buffer>>();

/** Deriving takes about half a second of another thread, so a key is derived once a process. */
function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("base64")} ${passphrase}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = derive(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
    keys.set(name, key);
  }
  return key;
}

/**
 * Opens the secrets of a stack: PBKDF2-HMAC-SHA256, then AES-256-GCM (pulumi/pulumi sdk/go/common/resource/config/crypt.go, 3.260).
 * @throws WrongPassphraseError
 */
export async function openPassphrase(passphrase: string, saltText: string): Promise<Cipher> {
  const [version, salt, ...check] = saltText.split(":");
  if (version !== VERSION || salt === undefined || check.length === 0) {
    throw new Error(`malformed encryption salt '${saltText}': expected v1:<salt>:<check value>`);
  }
  const key = await deriveKey(passphrase, Buffer.from(salt, "base64"));
  const cipher = cipherOf(key, saltText);
  try {
    if (cipher.decrypt(check.join(":")) === CHECK_TEXT) return cipher;
  } catch {
    // Told apart from other failures by the check value alone.
  }
  throw new WrongPassphraseError();
}

/** Makes a salt and key for a new stack. */
export async function newPassphrase(passphrase: string): Promise<Cipher> {
  const salt = randomBytes(SALT_BYTES);
  const key = await deriveKey(passphrase, salt);
  return cipherOf(key, `${VERSION}:${salt.toString("base64")}:${encryptWith(key, CHECK_TEXT)}`);
}

/** A cipher over a key that is there already; tests use it to save the derivation. */
export function cipherOf(key: Buffer, salt: string): Cipher {
  return { salt, encrypt: text => encryptWith(key, text), decrypt: text => decryptWith(key, text) };
}

function encryptWith(key: Buffer, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}:${nonce.toString("base64")}:${body.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string {
  const [version, nonce, body] = ciphertext.split(":");
  if (version !== VERSION || nonce === undefined || body === undefined) throw new Error("malformed ciphertext");
  const bytes = Buffer.from(body, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const text = Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)), decipher.final()]);
  return text.toString("utf8");
}
