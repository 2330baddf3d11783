import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../wire/operator-error";
import { encodeMap, type JsonMap } from "../wire/struct";
import { revealSecrets, type ValueMap } from "../wire/values";
import { ConfigFile } from "./config-file";
import { shownMap } from "./event-stream";
import { readProject } from "./project";
import { newPassphrase, openPassphrase } from "./secrets/passphrase";
import { type OpenStack, openStack, type StackPlace, snapshotOf } from "./stack-files";
import {
  type Backend,
  checkpointPath,
  checkpointText,
  initialiseBackend,
  listStacks as listIn,
  NoSuchStackError,
  openBackend,
  removeStack,
  stackExists,
  writeCheckpoint,
} from "./state/backend";
import { encryptedForm, plainForm, schemaOf, serializeSnapshot } from "./state/deployment";
import { makeFolder, writeBlob } from "./state/files";
import { type NumberedEntry, readHistory, readVersion } from "./state/history";
import { breakLocks, LockedError, listLocks, takeLock } from "./state/lock";
import { type Featured, schemaHead } from "./state/schema-version";
import { DamagedStateError, deploymentOf, readDeployment, saltOf, setAside } from "./state/stored-deployment";
import { stackUrn } from "./urn";

const SELECTED_FILE = "current-stack";
const SELECTED_FOLDER = ".muster";
const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

export function backendOf(projectRoot: string): Backend {
  const project = readProject(projectRoot);
  return openBackend(project.backendUrl, project.root, project.name);
}

export interface InitOptions {
  /** Write the salt to the stack's config file, as stock does; without, it is in the state alone until a secret is set. */
  readonly saveSalt: boolean;
  /** Default: true. */
  readonly select?: boolean;
}

/** Makes an empty stack and selects it. @throws Error if it is there already */
export async function initStack(place: StackPlace, options: InitOptions = { saveSalt: true }): Promise<void> {
  if (!STACK_NAME.test(place.stack)) {
    throw new OperatorError({
      summary: `'${place.stack}' is no name for a stack`,
      remedy: "use letters, digits, '-', '_' and '.' only, at most 100",
    });
  }
  const project = readProject(place.projectRoot);
  const backend = backendOf(place.projectRoot);
  if (stackExists(backend, place.stack)) throw new Error(`stack '${place.stack}' already exists`);
  initialiseBackend(backend);
  const file = new ConfigFile(project, place.stack);
  const cipher =
    file.salt === undefined ? await newPassphrase(place.passphrase) : await openPassphrase(place.passphrase, file.salt);
  if (options.saveSalt && file.salt !== cipher.salt) {
    file.salt = cipher.salt;
    file.save();
  }
  const empty = serializeSnapshot({ resources: [], pendingOperations: [] }, cipher.salt, plainForm, new Date());
  writeCheckpoint(backend, place.stack, checkpointText(backend, place.stack, JSON.stringify(empty), schemaOf([])));
  if (options.select !== false) selectStack(place.projectRoot, place.stack);
}

/** Names of the project's stacks. */
export function listStacks(projectRoot: string): string[] {
  return listIn(backendOf(projectRoot));
}

/** @throws NoSuchStackError */
export function selectStack(projectRoot: string, stack: string): void {
  const backend = backendOf(projectRoot);
  if (!stackExists(backend, stack)) throw new NoSuchStackError(backend, stack);
  makeFolder(join(projectRoot, SELECTED_FOLDER));
  writeFileSync(join(projectRoot, SELECTED_FOLDER, SELECTED_FILE), `${stack}\n`, { mode: 0o600 });
}

/** The stack that was selected last, if it is still there. */
export function selectedStack(projectRoot: string): string | undefined {
  const path = join(projectRoot, SELECTED_FOLDER, SELECTED_FILE);
  if (!existsSync(path)) return undefined;
  const stack = readFileSync(path, "utf8").trim();
  return stackExists(backendOf(projectRoot), stack) ? stack : undefined;
}

export interface RemoveOptions {
  /** Also with resources left: they are forgotten. */
  readonly force?: boolean;
  /** Keep the stack's configuration file. */
  readonly preserveConfig?: boolean;
  readonly removeBackups?: boolean;
}

/** Removes a stack and its configuration file. @throws OperatorError if it still has resources; LockedError */
export function deleteStack(projectRoot: string, stack: string, options: RemoveOptions): void {
  const project = readProject(projectRoot);
  const backend = backendOf(projectRoot);
  const locks = listLocks(backend, stack);
  if (locks.length > 0) throw new LockedError(stack, locks);
  const left = options.force ? 0 : ((readDeployment(backend, stack).resources ?? []) as JsonMap[]).length;
  if (left > 0) {
    throw new OperatorError({
      summary: `'${stack}' still has ${left} resources; removal rejected`,
      remedy: `destroy them first: muster destroy -s ${stack}; or forget them: muster stack rm ${stack} --force`,
    });
  }
  removeStack(backend, stack, options.removeBackups);
  if (options.preserveConfig !== true) rmSync(new ConfigFile(project, stack).path, { force: true });
}

/**
 * The deployment as `stack export` gives it.
 * @param version of a past update, by its number in the history; undefined: as it is now
 */
export async function exportStack(place: StackPlace, showSecrets: boolean, version?: number): Promise<JsonMap> {
  const backend = backendOf(place.projectRoot);
  const current = version === undefined;
  const deployment = current ? readDeployment(backend, place.stack) : readVersion(backend, place.stack, version);
  const head = schemaHead((deployment.resources ?? []) as Featured[]);
  if (!showSecrets) return { ...head, deployment };
  const open = { ...(await openStack(place)), deployment };
  const snapshot = await snapshotOf(open, place.passphrase);
  const plain = serializeSnapshot(snapshot, open.cipher.salt, plainForm, new Date());
  return { ...head, deployment: { ...deployment, ...withoutHead(plain) } };
}

function withoutHead(deployment: JsonMap): JsonMap {
  const { manifest: _manifest, secrets_providers: _secrets, ...rest } = deployment;
  return rest;
}

/** Where a damaged state was put, if there was one. */
export interface Imported {
  readonly setAside?: string;
}

/**
 * Replaces a stack's state by an exported one, or by a copy of a checkpoint file. Also in place of a damaged one, which is kept.
 * @throws OperatorError if it is no deployment, or another stack's; LockedError
 */
export async function importStack(
  place: StackPlace,
  from: { readonly text: string; readonly source: string },
  force: boolean,
): Promise<Imported> {
  const project = readProject(place.projectRoot);
  const backend = backendOf(place.projectRoot);
  if (!stackExists(backend, place.stack)) throw new NoSuchStackError(backend, place.stack);
  const deployment = deploymentOf(from.text);
  if (typeof deployment === "string") throw notExported(place.stack, from.source, deployment);
  refuseForeign(place.stack, project.name, deployment, force);
  const unlock = takeLock(backend, place.stack);
  try {
    const path = checkpointPath(backend, place.stack);
    const current = deploymentOf(readFileSync(path, "utf8"));
    const damaged = typeof current === "string";
    const file = new ConfigFile(project, place.stack);
    const salt = file.salt ?? (damaged ? undefined : saltOf(current)) ?? saltOf(deployment);
    const cipher =
      salt === undefined ? await newPassphrase(place.passphrase) : await openPassphrase(place.passphrase, salt);
    const open: OpenStack = { project, stack: place.stack, backend, file, deployment, cipher, known: new WeakMap() };
    const snapshot = await snapshotOf(open, place.passphrase).catch(error => {
      throw error instanceof DamagedStateError
        ? notExported(place.stack, from.source, error.problems[0]?.detail ?? "")
        : error;
    });
    const form = encryptedForm(cipher, open.known);
    const next = JSON.stringify(serializeSnapshot(snapshot, cipher.salt, form, new Date()));
    const checkpoint = checkpointText(backend, place.stack, next, schemaOf(snapshot.resources));
    if (!damaged) {
      writeCheckpoint(backend, place.stack, checkpoint);
      return {};
    }
    const aside = setAside(backend, place.stack);
    // The backup stays what it is: there is no state that can be read to put in its place.
    writeBlob(path, checkpoint);
    return { setAside: aside };
  } finally {
    unlock();
  }
}

function notExported(stack: string, where: string, why: string): OperatorError {
  return new OperatorError({
    summary: "not an exported stack",
    where,
    detail: why,
    remedy: `take one that was written by: muster stack export -s ${stack} --file FILE, or a backup of its state`,
  });
}

function refuseForeign(stack: string, project: string, deployment: JsonMap, force: boolean): void {
  const prefix = `urn:pulumi:${stack}::${project}::`;
  const foreign = ((deployment.resources ?? []) as JsonMap[]).find(state => !String(state.urn).startsWith(prefix));
  if (foreign === undefined || force) return;
  throw new OperatorError({
    summary: `resource '${String(foreign.urn)}' is not of stack '${stack}'`,
    remedy: "use --force to import it all the same",
  });
}

/** Outputs of the stack; secrets are `[secret]` unless asked for. */
export async function stackOutputs(place: StackPlace, showSecrets: boolean): Promise<Record<string, unknown>> {
  const open = await openStack(place);
  const snapshot = await snapshotOf(open, place.passphrase);
  const stack = snapshot.resources.find(state => state.urn === stackUrn(place.stack, open.project.name));
  const outputs: ValueMap = stack?.outputs ?? {};
  return showSecrets ? encodeMap(revealSecrets(outputs) as ValueMap) : shownMap(outputs);
}

/** Past updates, the newest first. */
export function stackHistory(projectRoot: string, stack: string): NumberedEntry[] {
  return readHistory(backendOf(projectRoot), stack);
}

/** What the list of stacks tells of one. */
export interface StackFacts {
  /** Undefined: its state is damaged. */
  readonly resourceCount: number | undefined;
  /** Somebody holds its lock. */
  readonly updateInProgress: boolean;
  readonly last: NumberedEntry | undefined;
}

/** @throws NoSuchStackError */
export function stackFacts(projectRoot: string, stack: string): StackFacts {
  const backend = backendOf(projectRoot);
  if (!stackExists(backend, stack)) throw new NoSuchStackError(backend, stack);
  const deployment = deploymentOf(readFileSync(checkpointPath(backend, stack), "utf8"));
  return {
    resourceCount: typeof deployment === "string" ? undefined : ((deployment.resources ?? []) as JsonMap[]).length,
    updateInProgress: listLocks(backend, stack).length > 0,
    last: readHistory(backend, stack)[0],
  };
}

/** Removes the locks that a dead process left. @returns how many */
export function cancelStack(projectRoot: string, stack: string): number {
  const backend = backendOf(projectRoot);
  if (!stackExists(backend, stack)) throw new NoSuchStackError(backend, stack);
  return breakLocks(backend, stack);
}
