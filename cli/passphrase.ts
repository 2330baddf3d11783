import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { OperatorError } from "../wire/operator-error";

export interface PassphraseRequest {
  readonly stack: string;
  readonly projectRoot: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the salt of secrets that were encrypted before is: the stack's config file, or the backend with its state. */
  readonly saltIn: string | undefined;
}

/** The stack that needs no set-up: its passphrase is made on first use, and stays on this machine. */
export const selfMadeStack = "dev";

/** The file of the passphrase that muster makes, relative to the project. */
export const passphraseFile = join(".muster", "passphrase");

/**
 * The stack's passphrase: PULUMI_CONFIG_PASSPHRASE, then the file named by PULUMI_CONFIG_PASSPHRASE_FILE, as stock Pulumi does.
 * For the stack dev alone one is made in `.muster/passphrase` (mode 0600, its folder 0700).
 */
export function findPassphrase(request: PassphraseRequest): string {
  const { env, stack, projectRoot } = request;
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) return env.PULUMI_CONFIG_PASSPHRASE;
  if (env.PULUMI_CONFIG_PASSPHRASE_FILE) return fromFile(resolve(projectRoot, env.PULUMI_CONFIG_PASSPHRASE_FILE));
  if (stack !== selfMadeStack) throw missing(stack);
  const file = join(projectRoot, passphraseFile);
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (request.saltIn !== undefined) {
    throw new OperatorError({
      summary: `the passphrase of stack ${stack} is not on this machine`,
      where: file,
      detail: `${request.saltIn} has a salt, so the stack's secrets were encrypted with a passphrase made before`,
      remedy: `set PULUMI_CONFIG_PASSPHRASE, or put the passphrase into ${passphraseFile}; if nothing encrypted is needed, remove the encryptionsalt line and the secure values from Pulumi.${stack}.yaml`,
    });
  }
  return makePassphrase(file);
}

function fromFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new OperatorError(
      {
        summary: "the passphrase file can't be read",
        where: file,
        detail: error instanceof Error ? error.message : String(error),
        remedy: "set PULUMI_CONFIG_PASSPHRASE_FILE to a readable file, or PULUMI_CONFIG_PASSPHRASE to the passphrase",
      },
      { cause: error },
    );
  }
}

function missing(stack: string): OperatorError {
  return new OperatorError({
    summary: `stack ${stack} needs its passphrase`,
    detail: "the state's secrets are encrypted with it; only the stack dev gets one made",
    remedy: "set PULUMI_CONFIG_PASSPHRASE_FILE=/path/to/file (mode 0600), or PULUMI_CONFIG_PASSPHRASE",
  });
}

/** Made with `wx`: of two first runs at the same time one makes it and the other reads it. */
function makePassphrase(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const passphrase = randomBytes(24).toString("base64url");
  try {
    writeFileSync(file, `${passphrase}\n`, { mode: 0o600, flag: "wx" });
    return passphrase;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return readFileSync(file, "utf8").trim();
    throw error;
  }
}
