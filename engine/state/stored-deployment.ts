import { existsSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../../wire/operator-error";
import type { Json, JsonMap } from "../../wire/struct";
import { type Backend, backupFolder, checkpointPath, NoSuchStackError } from "./backend";
import { schemaProblem } from "./schema-version";

/** A state file that can't be read. It is left as it is; a backup is offered. */
export class DamagedStateError extends OperatorError {
  constructor(backend: Backend, stack: string, why: string) {
    const backup = newestBackup(backend, stack);
    const where = checkpointPath(backend, stack);
    super({
      summary: `the state of stack ${stack} is damaged, and was left untouched`,
      where,
      detail: why,
      remedy:
        backup === undefined
          ? "there is no backup that can be read; bring back a copy of your own: muster stack import --file FILE"
          : `muster stack import -s ${stack} --file ${backup.path}\n(the state as it was at ${backup.time}; the damaged file is kept beside the new one. What was changed since is found by: muster refresh -s ${stack})`,
    });
    this.name = "DamagedStateError";
  }
}

/**
 * Reads a stack's deployment: `manifest`, `resources` and so on.
 * @throws NoSuchStackError, DamagedStateError
 */
export function readDeployment(backend: Backend, stack: string): JsonMap {
  const path = checkpointPath(backend, stack);
  if (!existsSync(path)) throw new NoSuchStackError(backend, stack);
  const deployment = deploymentOf(readFileSync(path, "utf8"));
  if (typeof deployment === "string") throw new DamagedStateError(backend, stack, deployment);
  return deployment;
}

/** The deployment in the text of a checkpoint, or in words what is wrong with it. */
export function deploymentOf(text: string): JsonMap | string {
  let checkpoint: unknown;
  try {
    checkpoint = JSON.parse(text);
  } catch (error) {
    return `${text.trim() === "" ? "it is empty" : "it is not valid JSON"} (${(error as Error).message})`;
  }
  if (!isObject(checkpoint)) return "it holds no JSON object";
  const problem = schemaProblem(checkpoint);
  if (problem !== undefined) return problem;
  const { checkpoint: inner, deployment } = checkpoint;
  const latest = isObject(inner) ? (inner.latest ?? {}) : deployment;
  if (!isObject(latest)) return 'it has no "checkpoint" and no "deployment"';
  for (const list of [latest.resources ?? [], pendingResources(latest.pending_operations ?? [])]) {
    if (!Array.isArray(list)) return '"resources" and "pending_operations" are lists';
    const bad = list.findIndex(
      state => !isObject(state) || typeof state.urn !== "string" || typeof state.type !== "string",
    );
    if (bad >= 0) return `its resource number ${bad + 1} has no "urn" and "type"`;
  }
  return latest;
}

function pendingResources(operations: Json): Json {
  return Array.isArray(operations)
    ? operations.map(operation => (isObject(operation) ? operation.resource : null) ?? null)
    : operations;
}

function isObject(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The latest copy of a stack's state that can be read: `.bak`, or one of its backups. */
export function newestBackup(backend: Backend, stack: string): { path: string; time: string } | undefined {
  const folder = backupFolder(backend, stack);
  const files = existsSync(folder) ? readdirSync(folder).filter(file => file.endsWith(".json")) : [];
  return [`${checkpointPath(backend, stack)}.bak`, ...files.map(file => join(folder, file))]
    .filter(path => existsSync(path))
    .map(path => ({ path, written: statSync(path).mtimeMs }))
    .sort((a, b) => b.written - a.written)
    .filter(({ path }) => typeof deploymentOf(readFileSync(path, "utf8")) !== "string")
    .map(({ path, written }) => ({ path, time: new Date(written).toISOString() }))[0];
}

/** Puts a damaged checkpoint aside, where no stack is looked for. @returns where */
export function setAside(backend: Backend, stack: string): string {
  const path = checkpointPath(backend, stack);
  const aside = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, "-")}`;
  renameSync(path, aside);
  return aside;
}

/** The salt of the deployment's passphrase, if it has one. */
export function saltOf(deployment: JsonMap): string | undefined {
  const provider = deployment.secrets_providers as JsonMap | undefined;
  if (provider === undefined || provider === null) return undefined;
  if (provider.type !== "passphrase") {
    throw new OperatorError({
      summary: `the stack's secrets are kept by '${String(provider.type)}', and the embedded engine knows 'passphrase' only`,
      remedy: "use --engine pulumi with the stock Pulumi CLI for this stack",
    });
  }
  const salt: Json | undefined = (provider.state as JsonMap | undefined)?.salt;
  return typeof salt === "string" ? salt : undefined;
}
