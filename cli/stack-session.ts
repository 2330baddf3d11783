import { ConfigFile } from "../engine/config-file";
import { type Cipher, newPassphrase, openPassphrase, WrongPassphraseError } from "../engine/secrets/passphrase";
import type { StackPlace } from "../engine/stack-files";
import { backendOf, type InitOptions, initStack } from "../engine/stacks";
import { NoSuchStackError, stackExists } from "../engine/state/backend";
import { readDeployment, saltOf } from "../engine/state/stored-deployment";
import { OperatorError } from "../wire/operator-error";
import { findPassphrase, selfMadeStack } from "./passphrase";
import type { Project } from "./project";

type Env = Readonly<Record<string, string | undefined>>;

/** A stack that exists, and what opens its secrets. */
export interface StackSession {
  readonly project: Project;
  readonly name: string;
  readonly config: ConfigFile;
  /** With the passphrase, which is asked for only where secrets are needed. */
  place(): StackPlace;
  cipher(): Promise<Cipher>;
}

/**
 * Opens a stack. `dev` is made if it is not there, and then leaves its config file, which is in git, alone: a salt in there would
 * bind every checkout to the passphrase of this machine. For any other the error says how to make it.
 */
export async function openStack(project: Project, name: string, env: Env): Promise<StackSession> {
  if (!stackExists(backendOf(project.root), name)) {
    if (name !== selfMadeStack) throw noSuchStack(project, name);
    await makeStack(project, name, env, { saveSalt: false });
  }
  return sessionOf(project, name, env);
}

/** Makes an empty stack and selects it. */
export async function makeStack(project: Project, name: string, env: Env, options?: InitOptions): Promise<void> {
  if (stackExists(backendOf(project.root), name)) {
    throw new OperatorError({ summary: `stack '${name}' already exists`, remedy: `muster stack select ${name}` });
  }
  await tellingWrongPassphrase(name, () => initStack(sessionOf(project, name, env).place(), options));
}

function sessionOf(project: Project, name: string, env: Env): StackSession {
  const config = new ConfigFile(project, name);
  const backend = backendOf(project.root);
  const saltOfState = (): string | undefined =>
    stackExists(backend, name) ? saltOf(readDeployment(backend, name)) : undefined;
  const place = (): StackPlace => {
    // A stack that exists has a salt in its state, which may be damaged.
    const saltIn = config.salt !== undefined ? config.path : stackExists(backend, name) ? backend.root : undefined;
    const passphrase = findPassphrase({ stack: name, projectRoot: project.root, env, saltIn });
    return { projectRoot: project.root, stack: name, passphrase };
  };
  const cipher = async (): Promise<Cipher> => {
    const { passphrase } = place();
    const known = config.salt ?? saltOfState();
    if (known !== undefined) return await tellingWrongPassphrase(name, () => openPassphrase(passphrase, known));
    return await newPassphrase(passphrase);
  };
  return { project, name, config, place, cipher };
}

/** Says which stack it is about, and the remedy, when the passphrase does not fit. */
export async function tellingWrongPassphrase<T>(stack: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof WrongPassphraseError)) throw error;
    throw new OperatorError(
      {
        summary: `incorrect passphrase for stack ${stack}`,
        detail: "it does not open the stack's secrets; nothing was changed",
        remedy: "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one that the stack was made with",
      },
      { cause: error },
    );
  }
}

export function noSuchStack(project: Project, name: string): OperatorError {
  return new NoSuchStackError(backendOf(project.root), name);
}
