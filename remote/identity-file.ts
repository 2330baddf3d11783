import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ParsedKey, utils } from "ssh2";
import { type Certificate, parseCertificate } from "./certificate";
import { expandHome } from "./home";
import { parseHostKey } from "./host-key";
import { readWire } from "./ssh-wire";

/** What an identity file holds: the private key, or why there is none, and the public key as far as it can be known. */
export interface Identity {
  /** As it was declared, for messages. */
  readonly name: string;
  /** The public key as it goes over the wire: an agent may hold the private one. */
  readonly blob?: Buffer;
  readonly key?: ParsedKey;
  /** Set when there is no `key`. */
  readonly trouble?: string;
}

/** Reads an identity file. Also a public key will do, or an encrypted one, if an agent holds its private part. */
export function readIdentity(name: string, passphrase: string | undefined): Identity {
  const text = readText(name);
  if (typeof text !== "string") return { name, ...text };
  const identity = parseIdentity(name, text, passphrase);
  if (identity.blob) return identity;
  const beside = readText(`${name}.pub`);
  const blob = typeof beside === "string" ? publicBlob(beside) : undefined;
  return blob ? { ...identity, blob } : identity;
}

/** The same for the text of a private key. */
export function parseIdentity(name: string, text: string, passphrase: string | undefined): Identity {
  const key = openKey(text, passphrase);
  if (typeof key !== "string") return { name, key, blob: key.getPublicSSH() };
  const blob = publicBlob(text) ?? publicPartOf(text);
  return blob ? { name, trouble: key, blob } : { name, trouble: key };
}

/** The certificate of a `-cert.pub` file, or why there is none. */
export function readCertificate(name: string): Certificate | string {
  const text = readText(name);
  if (typeof text !== "string") return text.trouble;
  return parseCertificate(text) ?? "it is not an OpenSSH certificate of a type that muster takes (ed25519, ecdsa, rsa)";
}

function readText(name: string): string | { readonly trouble: string } {
  try {
    return readFileSync(expandHome(name), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { trouble: code === "ENOENT" ? "no such file" : `it cannot be read (${code})` };
  }
}

/** Deriving the key from a passphrase takes a tenth of a second of computing, and all hosts of a cluster use the same file. */
const opened = new Map<string, ParsedKey | string>();

/** The key, or why it cannot be used. */
function openKey(text: string, passphrase: string | undefined): ParsedKey | string {
  const mark = createHash("sha256")
    .update(JSON.stringify([text, passphrase]))
    .digest("hex");
  const known = opened.get(mark) ?? parsePrivateKey(text, passphrase);
  opened.set(mark, known);
  return known;
}

function parsePrivateKey(text: string, passphrase: string | undefined): ParsedKey | string {
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined) return "it holds no key";
  if (key instanceof Error) {
    if (/no passphrase/i.test(key.message)) return "it is encrypted and no passphrase is declared";
    return passphrase === undefined
      ? "it is not a private key in a known format"
      : "wrong passphrase, or not a private key";
  }
  return key.isPrivateKey() ? key : "it is a public key, and no agent holds the private one";
}

function publicBlob(text: string): Buffer | undefined {
  const key = parseHostKey(text);
  return key && Buffer.from(key.base64, "base64");
}

const MAGIC = "openssh-key-v1\0";

/** OpenSSH's own format keeps the public key in clear beside the encrypted private one (PROTOCOL.key). */
function publicPartOf(text: string): Buffer | undefined {
  const [, armoured] = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+)-----END/.exec(text) ?? [];
  return readWire(Buffer.from(armoured ?? "", "base64"), reader => {
    if (reader.bytesOf(MAGIC.length).toString("latin1") !== MAGIC) return undefined;
    for (let field = 0; field < 3; field++) reader.string();
    return reader.uint32() > 0 ? reader.string() : undefined;
  });
}
