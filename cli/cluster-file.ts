import { resolve } from "node:path";
import { ConfigFile } from "../engine/config-file";
import { OperatorError } from "../wire/operator-error";
import { openProject, stackOf } from "./project";

type Env = Readonly<Record<string, string | undefined>>;

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
