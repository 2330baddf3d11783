/** Secrets shorter than this are not looked for: they would blank out half of every text. */
const SHORTEST = 4;

/** Knows the run's secrets and takes them out of texts for people, logs and errors. */
export class Redactor {
  private readonly secrets = new Set<string>();
  private readonly known = new Set<string>();
  /** The longest first, once sorted: what begins with a shorter secret goes as a whole. */
  private readonly forms: string[] = [];
  private isSorted = true;

  /** Texts shorter than 4 characters are ignored. */
  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) {
      // Every operation names the secrets of its resource again.
      if (secret === undefined || secret.length < SHORTEST || this.secrets.has(secret)) continue;
      this.secrets.add(secret);
      for (const form of formsOf(secret)) {
        if (this.known.has(form)) continue;
        this.known.add(form);
        this.forms.push(form);
        this.isSorted = false;
      }
    }
  }

  /** The text with `[secret]` for each secret, also where it is base64, JSON-escaped, URL-encoded or quoted for sh. */
  redact(text: string): string {
    if (!this.isSorted) this.forms.sort((a, b) => b.length - a.length);
    this.isSorted = true;
    // One pattern of all forms would have to be compiled anew with every new secret: seconds, with the keys of many hosts.
    const found = this.forms.filter(form => form.length <= text.length && text.includes(form));
    if (found.length === 0) return text;
    const pattern = found.map(form => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
    return text.replace(new RegExp(pattern, "g"), "[secret]");
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
