import { appendFileSync, chmodSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { Redactor } from "./redact";

export interface AuditEntry {
  readonly host: string;
  /** What was done, for people. */
  readonly what: string;
  /** Exit code, or the kind of the error when the command could not be run to its end. */
  readonly exit: number | string;
  readonly seconds: number;
}

/** Appends one JSON line per change of a host to a file that only the operator can read. */
export class AuditLog {
  private ready = false;

  constructor(
    private readonly file: string,
    private readonly redactor: Redactor,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Written at once: an operator killed right after a change leaves its line behind. */
  write(entry: AuditEntry): void {
    this.prepare();
    const line = {
      time: this.now().toISOString(),
      host: entry.host,
      what: this.redactor.redact(entry.what),
      exit: entry.exit,
      seconds: Number(entry.seconds.toFixed(3)),
    };
    appendFileSync(this.file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  }

  private prepare(): void {
    if (this.ready) return;
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
    if (existsSync(this.file)) chmodSync(this.file, 0o600);
    this.ready = true;
  }
}
