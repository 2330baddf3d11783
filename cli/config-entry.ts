import { isSecure, openSecure } from "../engine/config-values";
import type { Cipher } from "../engine/secrets/passphrase";

/** A configuration value as `--json` prints it, in stock's shape (configValueJSON, Pulumi 3.260). */
export interface ConfigEntry {
  /** Absent if it is secret and was not asked for. An object is its JSON text. */
  readonly value?: string;
  readonly objectValue?: unknown;
  readonly secret: boolean;
}

/** @param raw as in the file: a secret is `{secure: <ciphertext>}`. @param cipher undefined: secrets are not told */
export function configEntry(raw: unknown, cipher: Cipher | undefined): ConfigEntry {
  const secret = hasSecret(raw);
  if (secret && cipher === undefined) return { secret };
  const value = openSecure(raw, cipher, () => undefined);
  if (typeof value !== "object" || value === null) return { value: String(value), secret };
  return { value: JSON.stringify(value), objectValue: value, secret };
}

export function hasSecret(raw: unknown): boolean {
  return isSecure(raw) || (typeof raw === "object" && raw !== null && Object.values(raw).some(hasSecret));
}
