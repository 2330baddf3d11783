import { OperatorError } from "../wire/operator-error";
import type { Json } from "../wire/struct";
import { Secret, type Value } from "../wire/values";
import type { ConfigFile } from "./config-file";
import { messageOf } from "./diagnosed-error";
import type { Project } from "./project";
import type { Cipher } from "./secrets/passphrase";

/** A stack's configuration, opened. */
export interface StackConfig {
  /** What the program reads: text by full key, objects as JSON. */
  readonly texts: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

export function isSecure(value: unknown): value is { secure: string } {
  return typeof value === "object" && value !== null && typeof (value as { secure?: unknown }).secure === "string";
}

/** Decrypts `{secure: …}` at any depth. `found` is called for each. */
export function openSecure(value: unknown, cipher: Cipher | undefined, found: () => void): Json {
  if (isSecure(value)) {
    found();
    if (cipher === undefined) throw new Error("the configuration has secrets, but the stack has no encryption salt");
    return cipher.decrypt(value.secure);
  }
  if (Array.isArray(value)) return value.map(item => openSecure(item, cipher, found));
  if (typeof value !== "object" || value === null) return (value ?? null) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openSecure(item, cipher, found)]));
}

/** Values of the file over the project's defaults, by full key. */
export function configEntries(project: Project, file: Pick<ConfigFile, "entries">): Record<string, unknown> {
  return { ...Object.fromEntries(project.configDefaults), ...file.entries() };
}

export function openConfig(
  project: Project,
  file: Pick<ConfigFile, "entries">,
  cipher: Cipher | undefined,
): StackConfig {
  const texts: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, raw] of Object.entries(configEntries(project, file))) {
    let secret = false;
    const value = opened(key, () =>
      openSecure(raw, cipher, () => {
        secret = true;
      }),
    );
    texts[key] = typeof value === "string" ? value : JSON.stringify(value);
    if (secret) secretKeys.push(key);
  }
  return { texts, secretKeys };
}

function opened(key: string, open: () => Json): Json {
  try {
    return open();
  } catch (error) {
    throw new OperatorError({
      summary: `the secret ${key} of the stack's configuration can't be opened`,
      detail: messageOf(error),
      remedy: `set it again: muster config set --secret ${key}`,
    });
  }
}

/** The same as property values, for default providers. */
export function configValues(config: StackConfig): Record<string, Value> {
  const secret = new Set(config.secretKeys);
  return Object.fromEntries(
    Object.entries(config.texts).map(([key, text]) => [key, secret.has(key) ? new Secret(text) : text]),
  );
}

/** For the prelude event: each secret is `[secret]`, the rest of an object that has one is shown, as with stock. */
export function shownConfig(project: Project, file: Pick<ConfigFile, "entries">): Record<string, string> {
  const all = Object.entries(configEntries(project, file));
  return Object.fromEntries(
    all
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, raw]) => {
        const value = masked(raw);
        return [key, typeof value === "string" ? value : JSON.stringify(value)];
      }),
  );
}

function masked(value: unknown): Json {
  if (isSecure(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return (value ?? null) as Json;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, masked(item)]));
}
