import type { JsonMap } from "../wire/struct";
import { ConfigFile } from "./config-file";
import { openConfig, type StackConfig } from "./config-values";
import { messageOf } from "./diagnosed-error";
import { type Project, readProject } from "./project";
import type { Snapshot } from "./resource";
import { type Cipher, newPassphrase, openPassphrase } from "./secrets/passphrase";
import { type Backend, openBackend } from "./state/backend";
import { type Ciphertexts, deserializeSnapshot } from "./state/deployment";
import { DamagedStateError, readDeployment, saltOf } from "./state/stored-deployment";

/** A stack with its secrets opened. */
export interface OpenStack {
  readonly project: Project;
  readonly stack: string;
  readonly backend: Backend;
  readonly file: ConfigFile;
  readonly deployment: JsonMap;
  readonly cipher: Cipher;
  readonly known: Ciphertexts;
}

export interface StackPlace {
  readonly projectRoot: string;
  readonly stack: string;
  readonly passphrase: string;
}

/**
 * Reads a stack's files and opens its secrets. The salt is the configuration's, else the state's. The configuration is not
 * written: a run leaves a checkout as it was.
 * @throws NoSuchStackError, WrongPassphraseError, Error naming a damaged file
 */
export async function openStack(place: StackPlace): Promise<OpenStack> {
  const project = readProject(place.projectRoot);
  const backend = openBackend(project.backendUrl, project.root, project.name);
  const deployment = readDeployment(backend, place.stack);
  const file = new ConfigFile(project, place.stack);
  const salt = file.salt ?? saltOf(deployment);
  const cipher =
    salt === undefined ? await newPassphrase(place.passphrase) : await openPassphrase(place.passphrase, salt);
  return { project, stack: place.stack, backend, file, deployment, cipher, known: new WeakMap() };
}

/**
 * The state of a stack. Its secrets may be under another salt than the configuration's, after an import.
 * @throws DamagedStateError, WrongPassphraseError
 */
export async function snapshotOf(open: OpenStack, passphrase: string): Promise<Snapshot> {
  const salt = saltOf(open.deployment);
  const own = salt === undefined || salt === open.cipher.salt;
  const cipher = own ? open.cipher : await openPassphrase(passphrase, salt);
  try {
    return deserializeSnapshot(open.deployment, cipher, own ? open.known : new WeakMap());
  } catch (error) {
    throw new DamagedStateError(open.backend, open.stack, messageOf(error));
  }
}

export function configOf(open: OpenStack): StackConfig {
  return openConfig(open.project, open.file, open.cipher);
}
