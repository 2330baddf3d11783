import type { Console } from "./console";

/** What doctor has done so far, on standard error: one line that is redrawn on a terminal, a line a host in a pipe. */
export class SurveyProgress {
  private done = 0;
  private phase = "";
  private count = 0;

  constructor(private readonly console: Console) {}

  /** A part of the work begins, with so many hosts. */
  begin(phase: string, count: number): void {
    this.phase = phase;
    this.count = count;
    this.done = 0;
    if (this.isLive) this.draw(`${phase}: 0 of ${count}`);
  }

  told(node: string): void {
    this.done += 1;
    const text = `${this.phase}: ${node} (${this.done} of ${this.count})`;
    if (this.isLive) this.draw(text);
    else this.console.err.write(`${text}\n`);
  }

  end(): void {
    if (this.isLive) this.draw("");
  }

  private get isLive(): boolean {
    return (this.console.err as { isTTY?: boolean }).isTTY === true && this.console.env.TERM !== "dumb";
  }

  private draw(text: string): void {
    this.console.err.write(`\r\u001b[K${text}`);
  }
}
