import { killLeftoverScript, type ProcessIdentity } from "./bootstrap";
import type { CommandResult } from "./runner";

/** The changes that a lost connection may have left at work on one host. */
export class Leftovers {
  private readonly processes: ProcessIdentity[] = [];
  private ending: Promise<void> | undefined;

  /** @param run runs a script on the host as whoever the changes were. @param refused makes the error for one that does not die. */
  constructor(
    private readonly run: (script: string) => Promise<CommandResult>,
    private readonly refused: (problem: string) => Error,
  ) {}

  add(process: ProcessIdentity): void {
    this.processes.push(process);
  }

  /**
   * Ends them, before anything else is asked or done there: the host may not have noticed yet that the connection is gone, and two
   * of the same change must never be at work at once.
   */
  end(): Promise<void> {
    if (this.processes.length === 0 && !this.ending) return Promise.resolve();
    this.ending ??= this.endAll().finally(() => {
      this.ending = undefined;
    });
    return this.ending;
  }

  private async endAll(): Promise<void> {
    for (let leftover = this.processes[0]; leftover; leftover = this.processes[0]) {
      const { exitCode, stderr } = await this.run(killLeftoverScript(leftover));
      if (exitCode !== 0) {
        const why = stderr.trim() || "it waits for a device or a network disk";
        throw this.refused(`process ${leftover.pid}, left by a lost connection, does not die on the host: ${why}`);
      }
      this.processes.shift();
    }
  }
}
