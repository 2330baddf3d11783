import { resolve } from "node:path";
import { ConfigFile } from "../engine/config-file";
import { OperatorError } from "../wire/operator-error";
import { openProject, stackOf } from "./project";
import type { VerbCall } from "./verb";

type Env = Readonly<Record<string, string | undefined>>;

/** The cluster file that a verb with `[file]` was given, from the folder it was called in; else the stack's. */
export function givenClusterFile({ args, flags, folder, console }: VerbCall<object>): string {
  return args[0] === undefined ? clusterFileOf(folder, flags.stack, console.env) : resolve(folder, args[0]);
}

/** The cluster file of a stack: `muster:cluster` of Pulumi.<stack>.yaml, from the project's root. */
export function clusterFileOf(folder: string, stackFlag: string | undefined, env: Env): string {
  const project = openProject(folder);
  const stack = stackOf(project, stackFlag, env);
  const config = new ConfigFile(project, stack);
  const named = config.get("muster:cluster", false);
  if (typeof named === "string") return resolve(project.root, named);
  throw new OperatorError({
    summary: `stack ${stack} names no cluster file`,
    where: config.path,
    remedy: `muster config set -s ${stack} muster:cluster stacks/${stack}.yaml`,
  });
}
