import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Kind } from "../../kind";

const inputs = z.strictObject({
  bytes: z
    .int()
    .min(8, "must be 8 or more")
    .max(1024, "must be 1024 or less")
    .default(32)
    .describe("Random bytes in the token."),
});

type TokenInputs = z.infer<typeof inputs>;

interface TokenOutputs {
  value: string;
}

/** Lives in the state only: an API key, a join secret. */
export const token: Kind<TokenInputs, TokenOutputs> = {
  token: "muster:index:Token",
  description: "A random secret, made once and kept in the state.",
  inputs,
  fields: { bytes: { change: "replace" } },
  outputs: { value: { description: "The token in hexadecimal, two digits a byte.", secret: true } },
  async read(_context, id, old) {
    if (!old) throw new Error(`token ${id} cannot be imported: its value is only in the state that made it.`);
    return { inputs: { bytes: old.bytes }, state: { value: old.value } };
  },
  async create(_context, { bytes }) {
    const value = randomBytes(bytes).toString("hex");
    return { id: createHash("sha256").update(value).digest("hex").slice(0, 16), state: { value } };
  },
  async delete() {},
};
