import type { ConfigFile } from "../engine/config-file";
import { isSecure } from "../engine/config-values";
import type { Cipher } from "../engine/secrets/passphrase";
import { hasSecret } from "./config-entry";

/** A stack's configuration, and what opens its secrets; only asked for where there are some. */
export interface ConfigOwner {
  readonly config: ConfigFile;
  cipher(): Promise<Cipher>;
}

/** Copies values to another stack, and saves it. Secrets are encrypted anew, with the other's passphrase. */
export async function copyConfig(
  from: ConfigOwner,
  to: ConfigOwner,
  values: Readonly<Record<string, unknown>>,
  path = false,
): Promise<void> {
  const secret = Object.values(values).some(hasSecret);
  const ciphers = secret ? { from: await from.cipher(), to: await to.cipher() } : undefined;
  for (const [key, raw] of Object.entries(values)) {
    to.config.set(key, ciphers === undefined ? raw : sealedAnew(raw, ciphers.from, ciphers.to), path, true);
  }
  if (ciphers !== undefined) to.config.salt = ciphers.to.salt;
  to.config.save();
}

function sealedAnew(raw: unknown, from: Cipher, to: Cipher): unknown {
  if (isSecure(raw)) return { secure: to.encrypt(from.decrypt(raw.secure)) };
  if (Array.isArray(raw)) return raw.map(item => sealedAnew(item, from, to));
  if (typeof raw !== "object" || raw === null) return raw;
  return Object.fromEntries(Object.entries(raw).map(([key, item]) => [key, sealedAnew(item, from, to)]));
}
