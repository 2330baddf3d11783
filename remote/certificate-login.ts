import type { Client, ParsedKey } from "ssh2";
import * as ssh2Utils from "ssh2/lib/protocol/utils.js";
import type { Certificate } from "./certificate";
import { wireString } from "./ssh-wire";

/**
 * ssh2 (1.17.0, lib/protocol/Protocol.js, `authPK`) writes one name both as the algorithm of a login and inside the signature. With a
 * certificate they differ: `ssh-ed25519-cert-v01@openssh.com` outside, `ssh-ed25519` inside (PROTOCOL.certkeys of OpenSSH 9). So a
 * client that logs in with a certificate gets an `authPK` of its own, for such keys alone.
 */
const signers = new WeakMap<object, Signer>();

interface Signer {
  /** Type of the plain key: how ssh2 codes its signatures. */
  readonly keyType: string;
  /** The name inside the signature. */
  readonly algorithm: string;
}

/** The hash of an RSA login with a certificate. OpenSSH takes it since 7.8; nothing is negotiated. */
export const CERTIFICATE_RSA_HASH = "sha512";
const RSA_ALGORITHM = "rsa-sha2-512";

/** A key that ssh2 offers as the certificate. `key` is the plain one: private, or public where an agent signs. */
export function certificateKey(key: ParsedKey, certificate: Certificate): ParsedKey {
  const isRsa = certificate.key.type === "ssh-rsa";
  const type = isRsa ? `${RSA_ALGORITHM}-cert-v01@openssh.com` : certificate.type;
  const made: ParsedKey = Object.create(key, {
    type: { value: type },
    getPublicSSH: { value: () => certificate.wire },
    sign: { value: (data: Buffer) => key.sign(data, isRsa ? CERTIFICATE_RSA_HASH : undefined) },
  });
  signers.set(made, { keyType: certificate.key.type, algorithm: isRsa ? RSA_ALGORITHM : certificate.key.type });
  return made;
}

export function isCertificateKey(key: ParsedKey): boolean {
  return signers.has(key);
}

/** What is used of ssh2's Protocol. */
interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm?: string | Sign, sign?: Sign): void;
  readonly _kex: { readonly sessionID: Buffer };
  readonly _authsQueue: string[];
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

const USERAUTH_REQUEST = 50;

/**
 * Teaches one client, whose handshake is under way, to log in with keys of `certificateKey`.
 * @throws Error when this is not the ssh2 that it was written for.
 */
export function allowCertificates(client: Client): void {
  const protocol = protocolOf(client);
  const plain = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, given) => {
    const signer = signers.get(key);
    const sign = typeof algorithm === "function" ? algorithm : given;
    if (!signer || !sign) return plain(user, key, algorithm, given);
    const request = Buffer.concat([
      Buffer.from([USERAUTH_REQUEST]),
      ...[user, "ssh-connection", "publickey"].map(wireString),
      Buffer.from([1]),
      wireString(key.type),
      wireString(key.getPublicSSH()),
    ]);
    sign(Buffer.concat([wireString(protocol._kex.sessionID), request]), made => {
      const signature = ssh2Utils.convertSignature(made, signer.keyType);
      if (!signature) throw new Error("ssh2 cannot code the signature of a certificate login");
      const coded = Buffer.concat([wireString(signer.algorithm), wireString(signature)]);
      send(protocol, Buffer.concat([request, wireString(coded)]));
    });
  };
}

function send(protocol: Protocol, payload: Buffer): void {
  const { write } = protocol._packetRW;
  const start = write.allocStart;
  const packet = write.alloc(payload.length);
  packet.set(payload, start);
  protocol._authsQueue.push("publickey");
  ssh2Utils.sendPacket(protocol, write.finalize(packet));
}

function protocolOf(client: Client): Protocol {
  const protocol: Partial<Protocol> | undefined = Reflect.get(client, "_protocol");
  const write = protocol?._packetRW?.write;
  const isKnown =
    protocol?.authPK?.length === 4 &&
    Buffer.isBuffer(protocol._kex?.sessionID) &&
    Array.isArray(protocol._authsQueue) &&
    typeof write?.allocStart === "number" &&
    typeof write.alloc === "function" &&
    typeof write.finalize === "function" &&
    typeof ssh2Utils.sendPacket === "function" &&
    typeof ssh2Utils.convertSignature === "function";
  if (!isKnown) throw new Error("this version of ssh2 is built in another way than muster's certificate login knows");
  return protocol as Protocol;
}
