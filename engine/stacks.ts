import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeMap, type Json, type JsonMap } from "../wire/struct";
import { revealSecrets, type ValueMap } from "../wire/values";
import { ConfigFile } from "./config-file";
import { shownMap } from "./event-stream";
import { readProject } from "./project";
import { newPassphrase, openPassphrase } from "./secrets/passphrase";
import { openStack, type StackPlace, snapshotOf } from "./stack-files";
import {
  type Backend,
  checkpointText,
  type HistoryEntry,
  initialiseBackend,
  listStacks as listIn,
  NoSuchStackError,
  openBackend,
  readHistory,
  removeStack,
  stackExists,
  writeCheckpoint,
} from "./state/backend";
import { encryptedForm, plainForm, serializeSnapshot } from "./state/deployment";
import { makeFolder } from "./state/files";
import { breakLocks, LockedError, listLocks, takeLock } from "./state/lock";
import { stackUrn } from "./urn";

const SELECTED_FILE = "current-stack";
const SELECTED_FOLDER = ".muster";
const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const EXPORT_VERSION = 3;

export function backendOf(projectRoot: string): Backend {
  const project = readProject(projectRoot);
  return openBackend(project.backendUrl, project.root, project.name);
}

export interface InitOptions {
  /** Write the salt to the stack's config file, as stock does; without, it is in the state alone until a secret is set. */
  readonly saveSalt: boolean;
}

/** Makes an empty stack and selects it. @throws Error if it is there already */
export async function initStack(place: StackPlace, options: InitOptions = { saveSalt: true }): Promise<void> {
  if (!STACK_NAME.test(place.stack)) {
    throw new Error(`'${place.stack}' is no name for a stack: letters, digits, '-', '_' and '.' only, at most 100`);
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
  writeCheckpoint(backend, place.stack, checkpointText(backend, place.stack, JSON.stringify(empty)));
  selectStack(place.projectRoot, place.stack);
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

/** Removes a stack. @throws Error if it still has resources, unless `force`; LockedError */
export async function deleteStack(place: StackPlace, force: boolean): Promise<void> {
  const open = await openStack(place);
  const locks = listLocks(open.backend, place.stack);
  if (locks.length > 0) throw new LockedError(locks);
  const left = ((open.deployment.resources ?? []) as JsonMap[]).length;
  if (left > 0 && !force) {
    throw new Error(
      `'${place.stack}' still has ${left} resources; removal rejected.\nDestroy them first (muster destroy -s ${place.stack}), or use --force to forget them.`,
    );
  }
  removeStack(open.backend, place.stack);
}

/** The deployment as `stack export` gives it. */
export async function exportStack(place: StackPlace, showSecrets: boolean): Promise<JsonMap> {
  const open = await openStack(place);
  if (!showSecrets) return { version: EXPORT_VERSION, deployment: open.deployment };
  const snapshot = await snapshotOf(open, place.passphrase);
  const plain = serializeSnapshot(snapshot, open.cipher.salt, plainForm, new Date());
  return { version: EXPORT_VERSION, deployment: { ...open.deployment, ...withoutHead(plain) } };
}

function withoutHead(deployment: JsonMap): JsonMap {
  const { manifest: _manifest, secrets_providers: _secrets, ...rest } = deployment;
  return rest;
}

/** Replaces a stack's state. @throws Error if it is no deployment, or another stack's */
export async function importStack(place: StackPlace, exported: Json, force: boolean): Promise<void> {
  const open = await openStack(place);
  const deployment = (exported as JsonMap | null)?.deployment as JsonMap | undefined;
  if ((exported as JsonMap | null)?.version !== EXPORT_VERSION || deployment === undefined) {
    throw new Error(`not an exported stack: expected an object with "version": ${EXPORT_VERSION} and "deployment"`);
  }
  const prefix = `urn:pulumi:${place.stack}::${open.project.name}::`;
  const foreign = ((deployment.resources ?? []) as JsonMap[]).filter(state => !String(state.urn).startsWith(prefix));
  if (foreign.length > 0 && !force) {
    throw new Error(
      `resource '${String(foreign[0]?.urn)}' is not of stack '${place.stack}'; use --force to import it all the same`,
    );
  }
  const unlock = takeLock(open.backend, place.stack);
  try {
    const snapshot = await snapshotOf({ ...open, deployment }, place.passphrase);
    const text = JSON.stringify(
      serializeSnapshot(snapshot, open.cipher.salt, encryptedForm(open.cipher, open.known), new Date()),
    );
    writeCheckpoint(open.backend, place.stack, checkpointText(open.backend, place.stack, text));
  } finally {
    unlock();
  }
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
export function stackHistory(projectRoot: string, stack: string): HistoryEntry[] {
  return readHistory(backendOf(projectRoot), stack);
}

/** Removes the locks that a dead process left. @returns how many */
export function cancelStack(projectRoot: string, stack: string): number {
  const backend = backendOf(projectRoot);
  if (!stackExists(backend, stack)) throw new NoSuchStackError(backend, stack);
  return breakLocks(backend, stack);
}
