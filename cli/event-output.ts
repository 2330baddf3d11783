import { closeSync, openSync, writeSync } from "node:fs";
import type { EngineEvent } from "../engine/events";
import { OperatorError } from "../wire/operator-error";

/** Takes events in order, until it is closed. */
export interface EventOutput {
  write(event: EngineEvent): void;
  close(): void;
}

/** `--event-log FILE`: one JSON document a line, each written at once, so that a killed run leaves what was known. */
export function eventLog(file: string): EventOutput {
  let descriptor: number;
  try {
    descriptor = openSync(file, "w", 0o600);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new OperatorError({
      summary: "the event log can't be written",
      where: file,
      detail,
      remedy: "name a file in a folder that exists",
    });
  }
  return {
    write: event => void writeSync(descriptor, `${JSON.stringify(event)}\n`),
    close: () => closeSync(descriptor),
  };
}
