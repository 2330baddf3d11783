import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { OperatorError } from "../../wire/operator-error";
import type { JsonMap } from "../../wire/struct";
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
 * @throws OperatorError for a backend that is not a folder
 */
export function openBackend(url: string | undefined, projectRoot: string, project: string): Backend {
  const found = process.env.PULUMI_BACKEND_URL || url;
  if (found === undefined || found === "file://~") return { root: homedir(), project };
  if (!found.startsWith("file://")) {
    throw new OperatorError({
      summary: `the embedded engine can't serve the backend ${found}`,
      where: process.env.PULUMI_BACKEND_URL ? "PULUMI_BACKEND_URL" : join(projectRoot, "Pulumi.yaml"),
      detail: "it keeps state in folders (file://...)",
      remedy: "use --engine pulumi with the stock Pulumi CLI, or name a folder: backend: {url: file://./.muster}",
    });
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

export class NoSuchStackError extends OperatorError {
  constructor(backend: Backend, stack: string) {
    const known = listStacks(backend);
    super({
      summary: `no stack named '${stack}' found`,
      where: backend.root,
      ...(known.length > 0 && { detail: `stacks that are there: ${known.join(", ")}` }),
      remedy: `muster stack init ${stack}`,
    });
    this.name = "NoSuchStackError";
  }
}

/** The checkpoint file of a deployment that is JSON text already; its schema comes first. One line, no newline at its end. */
export function checkpointText(backend: Backend, stack: string, deployment: string, head: JsonMap): string {
  return `${JSON.stringify(head).slice(0, -1)},"checkpoint":{"stack":${JSON.stringify(qualifiedName(backend, stack))},"latest":${deployment}}}`;
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

/** Removes a stack's files; its backups stay unless asked for, as with stock. */
export function removeStack(backend: Backend, stack: string, backups = false): void {
  const path = checkpointPath(backend, stack);
  makeFolder(backupFolder(backend, stack));
  if (existsSync(path)) {
    const stamp = BigInt(Date.now()) * 1_000_000n;
    writeBlob(join(backupFolder(backend, stack), `${stack}.${stamp}.json`), readFileSync(path, "utf8"));
  }
  for (const name of [path, `${path}.bak`]) removeBlob(name);
  rmSync(historyFolder(backend, stack), { recursive: true, force: true });
  if (backups) rmSync(backupFolder(backend, stack), { recursive: true, force: true });
}
