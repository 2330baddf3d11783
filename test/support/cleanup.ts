/** What a test must undo: each undoing is noted when there is something to undo, and one that fails does not stop the others. */
export class Cleanup {
  private readonly undoings: (() => unknown)[] = [];

  add(undo: () => unknown): void {
    this.undoings.push(undo);
  }

  /** Undoes all of it, the last first; for afterEach or afterAll. */
  readonly run = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let undo = this.undoings.pop(); undo !== undefined; undo = this.undoings.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `not undone: ${failures.map(String).join("; ")}`);
  };
}
