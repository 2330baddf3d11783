import { printable } from "./style";

/** The wire's placeholder for a value that is known only once the run has reached it (Pulumi SDK 3.248, rpc.unknownValue). */
const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Marks a wrapped value on the wire, and the one kind of it that is a secret (Pulumi SDK 3.248, specialSigKey). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Longest text of a value that is shown in a plan, in characters. */
const maxLength = 100;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: unknown): boolean {
  return value === "[secret]" || (isRecord(value) && value[signatureKey] === secretSignature);
}

export function isUnknown(value: unknown): boolean {
  return value === unknownSentinel;
}

function text(value: unknown): string {
  if (isSecret(value)) return "[secret]";
  if (isUnknown(value)) return "computed at up";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (isRecord(value)) {
    const members = Object.entries(value).filter(([key]) => !key.startsWith("__"));
    return members.length === 0 ? "{}" : `{ ${members.map(([key, member]) => `${key}: ${text(member)}`).join(", ")} }`;
  }
  return JSON.stringify(value) ?? String(value);
}

/** One line for any value. A long one is cut, and says how long it is; `whole` shows all of it. */
export function valueText(value: unknown, whole = false): string {
  const line = printable(text(value)).replace(/\n/g, " ");
  if (whole || line.length <= maxLength) return line;
  const length = typeof value === "string" ? value.length : line.length;
  return `${line.slice(0, maxLength - 20)}… (${length.toLocaleString("en-GB")} characters)`;
}
