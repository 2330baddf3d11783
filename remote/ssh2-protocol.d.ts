/** Parts of ssh2 1.17.0 that have no types: used by certificate-login.ts alone. */
declare module "ssh2/lib/protocol/utils.js" {
  /** A signature as OpenSSL makes it, as ssh sends it (ECDSA: ASN.1 to two numbers). */
  export function convertSignature(signature: Buffer, keyType: string): Buffer | false | undefined;
  export function sendPacket(protocol: object, packet: Buffer): boolean;
}
