/** The two ways in which an operator ends a run. */
export interface Interrupts {
  /** Aborted by the first SIGINT or SIGTERM: running steps end, no other starts. */
  readonly stop: AbortSignal;
  /** Aborted by the second SIGINT: running steps are cancelled. */
  readonly cancel: AbortSignal;
  /** What has a better place for the messages than `say`, while it is there. */
  speaker?: (text: string) => void;
  /** Gives the signals back to whoever had them. */
  dispose(): void;
}

type SignalSource = Pick<NodeJS.Process, "on" | "off">;

/** Listens for SIGINT and SIGTERM. `say` gets what the operator should know. */
export function listenForInterrupts(source: SignalSource, say: (text: string) => void): Interrupts {
  const stop = new AbortController();
  const cancel = new AbortController();
  const interrupts: Interrupts = {
    stop: stop.signal,
    cancel: cancel.signal,
    dispose: () => {
      source.off("SIGINT", interrupt);
      source.off("SIGTERM", terminate);
    },
  };
  const tell = (text: string): void => (interrupts.speaker ?? say)(text);
  const interrupt = (): void => {
    if (!stop.signal.aborted) {
      tell("stopping: running steps are finished, no other starts. Interrupt again to cancel them.");
      stop.abort();
    } else if (!cancel.signal.aborted) {
      tell("cancelling the running steps");
      cancel.abort();
    } else {
      tell(
        "the providers were told to cancel, and are waited for. If one hangs: `kill -KILL " +
          `${process.pid}\` leaves a valid state that names what was cut off; then \`muster cancel\` and \`muster refresh\`.`,
      );
    }
  };
  const terminate = (): void => {
    if (stop.signal.aborted) return;
    tell("stopping: running steps are finished, no other starts.");
    stop.abort();
  };
  source.on("SIGINT", interrupt);
  source.on("SIGTERM", terminate);
  return interrupts;
}
