import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { OperatorError } from "../wire/operator-error";
import { passphraseFile, selfMadeStack } from "./passphrase";
import { openProject, type Project } from "./project";

type Env = Readonly<Record<string, string | undefined>>;

/** Full path of the stock CLI, if it is on the PATH. */
export function findPulumi(env: Env): string | undefined {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const file = join(folder, "pulumi");
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The arguments without `--engine X`, which stock does not know. */
export function stockArguments(argv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") return [...kept, ...argv.slice(index)];
    if (argument === "--engine") index++;
    else if (!argument.startsWith("--engine=")) kept.push(argument);
  }
  return kept;
}

/** The value of an option, in any of its spellings. */
function optionOf(argv: readonly string[], short: string, long: string): string | undefined {
  const at = argv.findIndex(argument => argument === short || argument === long);
  return at >= 0 ? argv[at + 1] : argv.find(argument => argument.startsWith(`${long}=`))?.slice(long.length + 1);
}

/**
 * What our own engine sees to by itself: the passphrase that was made for the stack `dev`, and that one bad host stops no other.
 * @param folder where the command is run
 */
export function stockEnvironment(argv: readonly string[], env: Env, folder: string): Env {
  let project: Project;
  try {
    project = openProject(resolve(folder, optionOf(argv, "-C", "--cwd") ?? "."));
  } catch {
    // Stock says itself what it misses.
    return env;
  }
  const stack = optionOf(argv, "-s", "--stack") ?? env.PULUMI_STACK;
  const made = join(project.root, passphraseFile);
  const given = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE;
  return {
    ...(project.isMuster && { PULUMI_CONTINUE_ON_ERROR: "true" }),
    ...env,
    ...(stack === selfMadeStack && !given && existsSync(made) && { PULUMI_CONFIG_PASSPHRASE_FILE: made }),
  };
}

/** Runs the stock CLI in our place, with the same arguments. Returns its exit code. */
export async function runStock(argv: readonly string[], env: Env, folder: string): Promise<number> {
  const file = findPulumi(env);
  if (file === undefined) {
    throw new OperatorError({
      summary: "the stock Pulumi CLI is not installed",
      where: "PATH",
      remedy:
        "install it as https://www.pulumi.com/docs/install/ says, or leave out `--engine pulumi`: the embedded engine needs nothing but npm",
    });
  }
  const child = spawn(file, stockArguments(argv), {
    stdio: "inherit",
    env: { ...stockEnvironment(argv, env, folder) },
  });
  // The terminal sends its signals to both; ours must not end first.
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      resolve(code ?? (signal === null ? 1 : 130));
    });
  });
}

const stockVerbs = new Set([
  "preview",
  "pre",
  "up",
  "update",
  "refresh",
  "destroy",
  "down",
  "dn",
  "stack",
  "config",
  "cancel",
  "state",
  "import",
]);

/** `--engine pulumi` was given, and the verb is one of stock's. Our own verbs never leave this program. */
export function wantsStock(argv: readonly string[]): boolean {
  const own = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  const at = own.indexOf("--engine");
  const chosen = own.includes("--engine=pulumi") || (at >= 0 && own[at + 1] === "pulumi");
  return chosen && own.some(argument => stockVerbs.has(argument));
}
