import { z } from "zod";
import type { Kind } from "../../kind";
import { generateOpensshKeyPair, withComment } from "./openssh-key";

const inputs = z.strictObject({
  comment: z
    .string()
    .regex(/^[^\n\r]*$/, "must be one line")
    .default("")
    .describe("Stands at the end of the public key."),
});

type KeyPairInputs = z.infer<typeof inputs>;

interface KeyPairOutputs {
  publicKey: string;
  privateKey: string;
  fingerprint: string;
}

/** Lives in the state only; `File` brings it to hosts. Import is not possible: the private key is nowhere else. */
export const keyPair: Kind<KeyPairInputs, KeyPairOutputs> = {
  token: "muster:index:KeyPair",
  description: "An ed25519 key pair for SSH, made once and kept in the state.",
  inputs,
  fields: { comment: { change: "update" } },
  outputs: {
    publicKey: { description: "The public key as one line of an authorized_keys file." },
    privateKey: { description: "The private key in OpenSSH's format, not encrypted.", secret: true },
    fingerprint: { description: "SHA256 fingerprint, as `ssh-keygen -lf` prints it." },
  },
  predict(_context, news, old) {
    if (!old || news.comment === undefined) return {};
    const { privateKey, fingerprint } = old;
    return { publicKey: withComment(old.publicKey, news.comment), privateKey, fingerprint };
  },
  async read(_context, id, old) {
    if (!old) throw new Error(`key pair ${id} cannot be imported: its private key is only in the state that made it.`);
    const { publicKey, privateKey, fingerprint } = old;
    return { inputs: { comment: old.comment }, state: { publicKey, privateKey, fingerprint } };
  },
  async create(_context, { comment }) {
    const state = generateOpensshKeyPair(comment);
    return { id: state.fingerprint, state };
  },
  async update(_context, _id, { comment }, old) {
    const { privateKey, fingerprint } = old;
    return { publicKey: withComment(old.publicKey, comment), privateKey, fingerprint };
  },
  async delete() {},
};
