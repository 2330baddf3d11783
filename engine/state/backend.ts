import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Json, JsonMap } from "../../wire/struct";
import { makeFolder, removeBlob, writeBlob } from "./files";

const BOOKKEEPING = ".pulumi";
const ORGANIZATION = "organization";

/** A file backend of Pulumi: where each thing of a stack lies (pulumi/pulumi pkg/backend/diy, 3.260, layout version 1). */
export interface Backend {
  /** The folder that holds `.pulumi`. */
  readonly root: string;
  readonly project: string;
}

/**
 * Finds the folder of a backend URL.
 * @throws Error for a backend that is not a folder
 */
export function openBackend(url: string | undefined, projectRoot: string, project: string): Backend {
  const found = process.env.PULUMI_BACKEND_URL || url;
  if (found === undefined || found === "file://~") return { root: homedir(), project };
  if (!found.startsWith("file://")) {
    throw new Error(
      `backend '${found}': the embedded engine keeps state in folders only (file://...).\n` +
        "Use --engine pulumi with the stock Pulumi CLI for this backend.",
    );
  }
  const path = found.slice("file://".length).split("?")[0] ?? "";
  if (path.startsWith("~/")) return { root: join(homedir(), path.slice(2)), project };
  return { root: path.startsWith("/") ? fileURLToPath(found) : resolve(projectRoot, path), project };
}

export function checkpointPath(backend: Backend, stack: string): string {
  return join(backend.root, BOOKKEEPING, "stacks", backend.project, `${stack}.json`);
}

export function historyFolder(backend: Backend, stack: string): string {
  return join(backend.root, BOOKKEEPING, "history", backend.project, stack);
}

export function backupFolder(backend: Backend, stack: string): string {
  return join(backend.root, BOOKKEEPING, "backups", backend.project, stack);
}

export function lockFolder(backend: Backend, stack: string): string {
  return join(backend.root, BOOKKEEPING, "locks", ORGANIZATION, backend.project, stack);
}

export function qualifiedName(backend: Backend, stack: string): string {
  return `${ORGANIZATION}/${backend.project}/${stack}`;
}

/** Marks the folder as a backend of layout 1, as stock does at first use. */
export function initialiseBackend(backend: Backend): void {
  const path = join(backend.root, BOOKKEEPING, "meta.yaml");
  if (!existsSync(path)) writeBlob(path, "version: 1\n");
}

export function stackExists(backend: Backend, stack: string): boolean {
  return existsSync(checkpointPath(backend, stack));
}

/** Names of the project's stacks, sorted. */
export function listStacks(backend: Backend): string[] {
  const folder = join(backend.root, BOOKKEEPING, "stacks", backend.project);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(file => file.endsWith(".json"))
    .map(file => file.slice(0, -".json".length))
    .sort();
}

export class NoSuchStackError extends Error {
  constructor(backend: Backend, stack: string) {
    const known = listStacks(backend);
    super(
      `no stack named '${stack}' in ${join(backend.root, BOOKKEEPING)}.\n` +
        `Make it with: muster stack init ${stack}${known.length > 0 ? `\nStacks that are there: ${known.join(", ")}` : ""}`,
    );
    this.name = "NoSuchStackError";
  }
}

/**
 * Reads a stack's deployment: `manifest`, `resources` and so on.
 * @throws NoSuchStackError, or Error naming the file if it is damaged
 */
export function readDeployment(backend: Backend, stack: string): JsonMap {
  const path = checkpointPath(backend, stack);
  if (!existsSync(path)) throw new NoSuchStackError(backend, stack);
  const damaged = (why: string): Error =>
    new Error(
      `${path}: ${why}; it is left untouched.\n` +
        `The state before the last change is ${path}.bak; check it, then bring it back with: muster stack import --file <file>`,
    );
  let checkpoint: JsonMap;
  try {
    checkpoint = JSON.parse(readFileSync(path, "utf8")) as JsonMap;
  } catch (error) {
    throw damaged(`not valid JSON (${(error as Error).message})`);
  }
  const version = checkpoint?.version;
  if (version !== 3) throw damaged(`state of version ${JSON.stringify(version)}, this engine reads version 3`);
  return ((checkpoint.checkpoint as JsonMap)?.latest ?? {}) as JsonMap;
}

/** The checkpoint file of a deployment that is JSON text already. One line, no newline at its end. */
export function checkpointText(backend: Backend, stack: string, deployment: string): string {
  return `{"version":3,"checkpoint":{"stack":${JSON.stringify(qualifiedName(backend, stack))},"latest":${deployment}}}`;
}

/** Replaces the whole checkpoint; the one before becomes `.bak`. */
export function writeCheckpoint(backend: Backend, stack: string, text: string | Buffer): void {
  const path = checkpointPath(backend, stack);
  const before = existsSync(path)
    ? readFileSync(path, "utf8")
    : JSON.stringify({ version: 0, checkpoint: { stack: qualifiedName(backend, stack) } });
  writeBlob(`${path}.bak`, before);
  writeBlob(path, text);
}

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

/** Past updates, the newest first. */
export function readHistory(backend: Backend, stack: string): HistoryEntry[] {
  const folder = historyFolder(backend, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(file => file.endsWith(".history.json"))
    .sort()
    .reverse()
    .map(file => JSON.parse(readFileSync(join(folder, file), "utf8")) as HistoryEntry);
}

/** Removes a stack's files; its backups stay, as with stock. */
export function removeStack(backend: Backend, stack: string): void {
  const path = checkpointPath(backend, stack);
  makeFolder(backupFolder(backend, stack));
  if (existsSync(path)) {
    const stamp = BigInt(Date.now()) * 1_000_000n;
    writeBlob(join(backupFolder(backend, stack), `${stack}.${stamp}.json`), readFileSync(path, "utf8"));
  }
  for (const name of [path, `${path}.bak`]) removeBlob(name);
  rmSync(historyFolder(backend, stack), { recursive: true, force: true });
}

/** The salt of the deployment's passphrase, if it has one. */
export function saltOf(deployment: JsonMap): string | undefined {
  const provider = deployment.secrets_providers as JsonMap | undefined;
  if (provider === undefined || provider === null) return undefined;
  if (provider.type !== "passphrase") {
    throw new Error(
      `the stack's secrets are kept by '${String(provider.type)}'; the embedded engine knows 'passphrase' only.\n` +
        "Use --engine pulumi with the stock Pulumi CLI for this stack.",
    );
  }
  const salt: Json | undefined = (provider.state as JsonMap | undefined)?.salt;
  return typeof salt === "string" ? salt : undefined;
}
