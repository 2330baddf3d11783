/** A failure that belongs to a resource (or to the run) and is shown as a diagnostic. */
export class DiagnosedError extends Error {
  constructor(
    readonly urn: string | undefined,
    readonly messages: readonly string[],
  ) {
    super(messages.join("\n"));
    this.name = "DiagnosedError";
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
