import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { OperatorError } from "../wire/operator-error";
import type { Console } from "./console";
import { passphraseFile, selfMadeStack } from "./passphrase";
import { openProject, stackOf } from "./project";
import { runDecisions } from "./update-options";

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

/**
 * The environment for the stock CLI: what `muster` decides for its own stacks (one bad host does not stop the others, many steps wait on
 * hosts at the same time, the passphrase of `dev` is in its file), unless the operator has said otherwise.
 */
export function stockEnvironment(argv: readonly string[], env: Env, folder: string): NodeJS.ProcessEnv {
  try {
    const project = openProject(resolve(folder, flagValue(argv, "-C", "--cwd") ?? "."));
    if (!project.isMuster) return { ...env };
    const { continueOnError, parallel } = runDecisions("up", {}, env, project);
    const decided = { ...env, PULUMI_CONTINUE_ON_ERROR: String(continueOnError), PULUMI_PARALLEL: String(parallel) };
    const isAsked = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
    const file = join(project.root, passphraseFile);
    if (isAsked || !existsSync(file) || stackOf(project, flagValue(argv, "-s", "--stack"), env) !== selfMadeStack) {
      return decided;
    }
    return { ...decided, PULUMI_CONFIG_PASSPHRASE_FILE: file };
  } catch {
    // Without a project or a stack there is nothing to decide, and stock says itself what is missing.
    return { ...env };
  }
}

function flagValue(argv: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [index, argument] of argv.entries()) {
    if (argument === "--") return undefined;
    if (names.includes(argument)) return argv[index + 1];
    const name = names.find(each => argument.startsWith(`${each}=`));
    if (name !== undefined) return argument.slice(name.length + 1);
  }
  return undefined;
}

/** Runs the stock CLI in our place, with the same arguments. Returns its exit code. */
export async function runStock(argv: readonly string[], { cwd, env }: Pick<Console, "cwd" | "env">): Promise<number> {
  const file = findPulumi(env);
  if (file === undefined) {
    throw new OperatorError({
      summary: "the stock Pulumi CLI is not installed",
      where: "PATH",
      remedy:
        "install it as https://www.pulumi.com/docs/install/ says, or leave out `--engine pulumi`: the embedded engine needs nothing but npm",
    });
  }
  const child = spawn(file, stockArguments(argv), { stdio: "inherit", cwd, env: stockEnvironment(argv, env, cwd) });
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
