import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { openSecure } from "../../engine/config-values";
import type { Cipher } from "../../engine/secrets/passphrase";
import { OperatorError } from "../../wire/operator-error";
import { addCommonOptions, addStackOption } from "../common-options";
import { printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { openStack, type StackSession } from "../stack-session";
import type { VerbCall, VerbTable } from "../verb";

interface ConfigFlags {
  readonly secret?: boolean;
  readonly plaintext?: boolean;
  readonly path?: boolean;
  readonly json?: boolean;
  readonly showSecrets?: boolean;
}

export function addConfig(table: VerbTable, program: Command): void {
  const config = addStackOption(addCommonOptions(program.command("config"))).description("The stack's configuration");
  table.bind<ConfigFlags>(config, list).option("--json", "as JSON").option("--show-secrets", "in plain");
  const path = "--path";
  const pathHelp = "the key is a path into a map or list, such as list[0]";
  table
    .add<ConfigFlags>(config, "set <key> [value]", "Set a value; without one it is read from standard input", set)
    .option("--secret", "encrypt it")
    .option("--plaintext", "keep it in plain, even if it looks like a secret")
    .option(path, pathHelp);
  table.add<ConfigFlags>(config, "get <key>", "Print a value", get).option("--json", "as JSON").option(path, pathHelp);
  table.add<ConfigFlags>(config, "rm <key>", "Remove a value", remove).option(path, pathHelp);
  table
    .add<ConfigFlags>(config, "ls", "List all values", list)
    .option("--json", "as JSON")
    .option("--show-secrets", "in plain");
}

async function open({ console, flags, folder }: VerbCall<ConfigFlags>): Promise<StackSession> {
  const project = openProject(folder);
  return await openStack(project, stackOf(project, flags.stack, console.env), console.env);
}

async function set(call: VerbCall<ConfigFlags>): Promise<number> {
  const { console, flags, args } = call;
  const [key = "", given] = args;
  const session = await open(call);
  const value = given ?? (await fromInput(call, key));
  if (flags.secret) {
    const cipher = await session.cipher();
    session.config.set(key, { secure: cipher.encrypt(value) }, flags.path === true);
    // What is encrypted in a file can be opened only with the salt beside it.
    session.config.salt = cipher.salt;
  } else if (!flags.plaintext && looksSecret(key)) throw unmarked(key);
  else session.config.set(key, value, flags.path === true);
  session.config.save();
  if (given !== undefined && flags.secret) {
    console.err.write(
      "note: the value was on the command line, so the shell's history may have it; without it, it is read from standard input\n",
    );
  }
  return 0;
}

async function fromInput({ console }: VerbCall<ConfigFlags>, key: string): Promise<string> {
  if (console.input.isTTY) {
    throw new OperatorError({
      summary: `no value for ${key}`,
      remedy: `muster config set ${key} VALUE, or from a file: muster config set --secret ${key} < FILE`,
    });
  }
  return (await readAll(console.input)).replace(/\r?\n$/, "");
}

function looksSecret(key: string): boolean {
  return /(?:password|passphrase|secret|token|api_?key)$/i.test(key.split(/[:.]/).at(-1) ?? "");
}

function unmarked(key: string): OperatorError {
  return new OperatorError({
    summary: `${key} looks like a secret, and would be kept in plain`,
    remedy: "add --secret to encrypt it, or --plaintext if it is none",
  });
}

async function get(call: VerbCall<ConfigFlags>): Promise<number> {
  const { console, flags, args } = call;
  const [key = ""] = args;
  const session = await open(call);
  const raw = session.config.get(key, flags.path === true);
  if (raw === undefined) {
    throw new OperatorError({
      summary: `configuration key '${key}' not found for stack '${session.name}'`,
      where: session.config.path,
      remedy: `muster config set -s ${session.name} ${key} VALUE; \`muster config\` lists what there is`,
    });
  }
  const { value, secret } = await opened(raw, session);
  if (flags.json) printLine(console, JSON.stringify({ ...described(value), secret }, null, 2));
  else printLine(console, typeof value === "string" ? value : JSON.stringify(value));
  return 0;
}

async function remove(call: VerbCall<ConfigFlags>): Promise<number> {
  const session = await open(call);
  const [key = ""] = call.args;
  if (session.config.remove(key, call.flags.path === true)) session.config.save();
  return 0;
}

async function list(call: VerbCall<ConfigFlags>): Promise<number> {
  const { console, flags } = call;
  const session = await open(call);
  const entries = Object.entries(session.config.entries()).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown: Record<string, object> = {};
  const rows = [["KEY", "VALUE"]];
  for (const [key, raw] of entries) {
    const hidden = !flags.showSecrets && hasSecret(raw);
    const { value, secret } = hidden ? { value: "[secret]", secret: true } : await opened(raw, session);
    shown[key] = hidden ? { secret } : { ...described(value), secret };
    const own = key.startsWith(`${session.project.name}:`) ? key.slice(session.project.name.length + 1) : key;
    rows.push([own, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  printLine(console, flags.json ? JSON.stringify(shown, null, 2) : textTable(rows));
  return 0;
}

/** An object is shown as its JSON text too, as stock does. */
function described(value: unknown): object {
  return typeof value === "object" && value !== null
    ? { value: JSON.stringify(value), objectValue: value }
    : { value: String(value) };
}

async function opened(raw: unknown, session: StackSession): Promise<{ value: unknown; secret: boolean }> {
  const cipher: Cipher | undefined = hasSecret(raw) ? await session.cipher() : undefined;
  let secret = false;
  const value = openSecure(raw, cipher, () => {
    secret = true;
  });
  return { value, secret };
}

function hasSecret(raw: unknown): boolean {
  if (typeof raw !== "object" || raw === null) return false;
  return ("secure" in raw && typeof raw.secure === "string") || Object.values(raw).some(hasSecret);
}
