/** Secrets shorter than this are not looked for: they would blank out half of every text. */
const SHORTEST = 4;

/** Knows the run's secrets and takes them out of texts for people, logs and errors. */
export class Redactor {
  private readonly forms = new Set<string>();
  private pattern: RegExp | undefined;

  /** Texts shorter than 4 characters are ignored. */
  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < SHORTEST) continue;
      for (const form of formsOf(secret)) this.forms.add(form);
    }
    this.pattern = undefined;
  }

  /** The text with `[secret]` for each secret, also where it is base64, JSON-escaped, URL-encoded or quoted for sh. */
  redact(text: string): string {
    if (this.forms.size === 0) return text;
    this.pattern ??= new RegExp(
      [...this.forms]
        .sort((a, b) => b.length - a.length)
        .map(form => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join("|"),
      "g",
    );
    return text.replace(this.pattern, "[secret]");
  }
}

function formsOf(secret: string): string[] {
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    secret.replaceAll("'", "'\\''"),
    ...base64Forms(Buffer.from(secret)),
  ];
  // A key file is printed line by line, and an indented or wrapped copy is still the key.
  const lines = secret.split("\n").map(line => line.trim());
  if (lines.length > 1) forms.push(...lines.filter(line => line.length >= 16 && !line.startsWith("-----")));
  return forms.filter(form => form.length >= SHORTEST);
}

/** Base64 of the secret alone, and what of it is the same wherever it stands inside a longer encoded text. */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString("base64"), bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const firstWhole = before === 0 ? 0 : before + 1;
    const lastWhole = Math.floor(((before + bytes.length) * 8) / 6);
    const stable = encoded.slice(firstWhole, lastWhole);
    if (stable.length >= 6) forms.push(stable);
  }
  return forms;
}
