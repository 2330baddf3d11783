import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../../wire/operator-error";
import type { JsonMap } from "../../wire/struct";
import { type Backend, backupFolder, checkpointPath, historyFolder } from "./backend";
import { writeBlob } from "./files";
import { deploymentOf } from "./stored-deployment";

const HISTORY_ENDING = ".history.json";

export interface HistoryEntry {
  readonly kind: "update" | "refresh" | "destroy" | "import" | "resource-import";
  /** Unix seconds. */
  readonly startTime: number;
  readonly message: string;
  readonly environment: Record<string, string>;
  readonly config: JsonMap;
  readonly version: 0;
  readonly result: "succeeded" | "failed";
  readonly endTime: number;
  readonly resourceChanges: Record<string, number>;
}

/** Adds an update to the history, with a copy of the checkpoint, and a backup. */
export function writeHistory(backend: Backend, stack: string, entry: HistoryEntry): void {
  const text = readFileSync(checkpointPath(backend, stack), "utf8");
  const stamp = `${BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)}`;
  writeBlob(join(historyFolder(backend, stack), `${stack}-${stamp}.history.json`), JSON.stringify(entry));
  writeBlob(join(historyFolder(backend, stack), `${stack}-${stamp}.checkpoint.json`), text);
  writeBlob(join(backupFolder(backend, stack), `${stack}.${stamp}.json`), text);
}

/** An update of the past. Stock's files have no number of their own: they are counted from the first one. */
export interface NumberedEntry extends Omit<HistoryEntry, "version"> {
  readonly version: number;
}

/** Past updates, the newest first. */
export function readHistory(backend: Backend, stack: string): NumberedEntry[] {
  const folder = historyFolder(backend, stack);
  return historyFiles(backend, stack)
    .flatMap((file, index): NumberedEntry[] => {
      try {
        const entry = JSON.parse(readFileSync(join(folder, file), "utf8")) as HistoryEntry;
        return [{ ...entry, version: index + 1 }];
      } catch {
        // A damaged note of a past run is no reason to say nothing of the others; its number stays free.
        return [];
      }
    })
    .reverse();
}

function historyFiles(backend: Backend, stack: string): string[] {
  const folder = historyFolder(backend, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(file => file.endsWith(HISTORY_ENDING))
    .sort();
}

/** The deployment that an update left. @throws OperatorError if there was no such update, or its copy is damaged */
export function readVersion(backend: Backend, stack: string, version: number): JsonMap {
  const files = historyFiles(backend, stack);
  const file = files[version - 1];
  if (file === undefined) {
    const there = files.length === 0 ? "nothing was run yet" : `there are 1 to ${files.length}`;
    throw new OperatorError({
      summary: `stack ${stack} has no version ${version}`,
      detail: there,
      remedy: `muster stack history -s ${stack}`,
    });
  }
  const path = join(historyFolder(backend, stack), file.replace(HISTORY_ENDING, ".checkpoint.json"));
  const deployment = deploymentOf(existsSync(path) ? readFileSync(path, "utf8") : "");
  if (typeof deployment !== "string") return deployment;
  throw new OperatorError({
    summary: `version ${version} of stack ${stack} can't be read`,
    where: path,
    detail: deployment,
  });
}
