import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DeclaredHost } from "../config/host-table";
import { ConfigFile } from "../engine/config-file";
import { openSecure } from "../engine/config-values";
import { type HostConnection, withSecrets } from "../remote/host-table";
import { OperatorError, type OperatorProblem } from "../wire/operator-error";
import { openProject, type Project, stackOf } from "./project";
import { openStack } from "./stack-session";
import type { VerbCall } from "./verb";

/**
 * The host table with its secrets, out of the stack's configuration. The passphrase is asked for only if the table names any.
 * @throws OperatorError with every secret that is missing; no host was touched
 */
export async function openedTable(
  call: VerbCall<object>,
  file: string,
  table: readonly DeclaredHost[],
): Promise<HostConnection[]> {
  const values = await connectionSecrets(call, file, table);
  return table.map(host => withSecrets(host, ({ secret }) => values.get(secret) ?? ""));
}

/** The same, by their names. */
export async function connectionSecrets(
  { folder, flags, console: { env } }: VerbCall<object>,
  file: string,
  table: readonly DeclaredHost[],
): Promise<ReadonlyMap<string, string>> {
  const named = new Set<string>();
  for (const host of table) withSecrets(host, ({ secret }) => named.add(secret));
  const names = [...named];
  if (names.length === 0) return new Map();
  const project = openProject(folder);
  const wanted = flags.stack ?? env.PULUMI_STACK ?? stackOfFile(project, file);
  const session = await openStack(project, stackOf(project, wanted, env), env);
  const raw = names.map(name => [name, session.config.get(name, false)] as const);
  const missing = raw.filter(([, value]) => value === undefined);
  if (missing.length > 0) {
    throw new OperatorError(missing.map(([name]) => missingSecret(name, file, session.name, session.config.path)));
  }
  const cipher = await session.cipher();
  return new Map(raw.map(([name, value]) => [name, String(openSecure(value, cipher, () => {}))]));
}

function missingSecret(name: string, file: string, stack: string, config: string): OperatorProblem {
  return {
    summary: `secret ${name} is not in the configuration of stack ${stack}`,
    where: config,
    detail: `${file} names it for the login; no host was touched`,
    remedy: `muster config set --secret ${name} -s ${stack}`,
  };
}

/** The stack that has this cluster file, if it is one alone: a verb with `[file]` means its secrets, whatever is selected. */
function stackOfFile(project: Project, file: string): string | undefined {
  const names = readdirSync(join(project.root, project.stackConfigFolder)).flatMap(name => {
    const [, stack] = /^Pulumi\.(.+)\.yaml$/.exec(name) ?? [];
    const cluster = stack === undefined ? undefined : new ConfigFile(project, stack).get("muster:cluster", false);
    return stack !== undefined && typeof cluster === "string" && resolve(project.root, cluster) === file ? [stack] : [];
  });
  return names.length === 1 ? names[0] : undefined;
}
