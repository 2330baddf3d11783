/** The two ways in which an operator ends a run. */
export interface Interrupts {
  /** Aborted by the first SIGINT or SIGTERM: running steps end, no other starts. */
  readonly stop: AbortSignal;
  /** Aborted by the second SIGINT: running steps are cancelled. */
  readonly cancel: AbortSignal;
  /** Gives the signals back to whoever had them. */
  dispose(): void;
}

type SignalSource = Pick<NodeJS.Process, "on" | "off">;

/** Listens for SIGINT and SIGTERM. `say` gets what the operator should know. */
export function listenForInterrupts(source: SignalSource, say: (text: string) => void): Interrupts {
  const stop = new AbortController();
  const cancel = new AbortController();
  const interrupt = (): void => {
    if (!stop.signal.aborted) {
      say("stopping: running steps are finished, no other starts. Interrupt again to cancel them.");
      stop.abort();
    } else if (!cancel.signal.aborted) {
      say("cancelling the running steps");
      cancel.abort();
    }
  };
  const terminate = (): void => {
    if (stop.signal.aborted) return;
    say("stopping: running steps are finished, no other starts.");
    stop.abort();
  };
  source.on("SIGINT", interrupt);
  source.on("SIGTERM", terminate);
  return {
    stop: stop.signal,
    cancel: cancel.signal,
    dispose: () => {
      source.off("SIGINT", interrupt);
      source.off("SIGTERM", terminate);
    },
  };
}
