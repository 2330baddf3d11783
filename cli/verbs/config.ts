import { text as readAll } from "node:stream/consumers";
import { type Command, Option } from "commander";
import { configEntries } from "../../engine/config-values";
import { OperatorError } from "../../wire/operator-error";
import { addCommonOptions, addStackOption } from "../common-options";
import { type ConfigEntry, configEntry, hasSecret } from "../config-entry";
import { printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { openStack, type StackSession } from "../stack-session";
import { addStockOnlyCommands } from "../stock-only";
import type { VerbCall, VerbTable } from "../verb";
import { addConfigMany } from "./config-many";

interface ConfigFlags {
  readonly secret?: boolean;
  readonly plaintext?: boolean;
  readonly path?: boolean;
  readonly json?: boolean;
  readonly showSecrets?: boolean;
  readonly type?: keyof typeof TYPES;
}

/** What `--type` makes of a text; undefined: it is none of that type. */
const TYPES = {
  string: (text: string): string => text,
  bool: (text: string): boolean | undefined => (/^(true|false)$/.test(text) ? text === "true" : undefined),
  int: (text: string): number | undefined => (/^-?\d+$/.test(text) ? Number(text) : undefined),
  float: (text: string): number | undefined =>
    text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined,
};

export function addConfig(table: VerbTable, program: Command): void {
  const config = addStackOption(addCommonOptions(program.command("config"))).description("The stack's configuration");
  table.bind<ConfigFlags>(config, list).option("--json", "as JSON").option("--show-secrets", "in plain");
  const path = "--path";
  const pathHelp = "the key is a path into a map or list, such as list[0]";
  table
    .add<ConfigFlags>(config, "set <key> [value]", "Set a value; without one it is read from standard input", set)
    .option("--secret", "encrypt it")
    .addOption(new Option("--plaintext", "keep it in plain, even if it looks like a secret").conflicts("secret"))
    .addOption(
      new Option("--type <type>", "keep it as such; at a path the default is what it looks like").choices(
        Object.keys(TYPES),
      ),
    )
    .option(path, pathHelp);
  table.add<ConfigFlags>(config, "get <key>", "Print a value", get).option("--json", "as JSON").option(path, pathHelp);
  table
    .add<ConfigFlags>(config, "rm <key>", "Remove a value", remove)
    .aliases(["remove", "delete"])
    .option(path, pathHelp);
  table
    .add<ConfigFlags>(config, "ls", "List all values", list)
    .option("--json", "as JSON")
    .option("--show-secrets", "in plain");
  addConfigMany(table, config);
  addStockOnlyCommands(config);
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
  } else {
    const was = session.config.get(key, flags.path === true);
    if (!flags.plaintext && (looksSecret(key) || hasSecret(was))) throw unmarked(key, hasSecret(was));
    session.config.set(key, typed(key, value, flags.type), flags.path === true, flags.type !== undefined);
  }
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

function unmarked(key: string, was: boolean): OperatorError {
  return new OperatorError({
    summary: was
      ? `${key} is a secret, and would be kept in plain`
      : `${key} looks like a secret, and would be kept in plain`,
    remedy: "add --secret to encrypt it, or --plaintext if it is none",
  });
}

function typed(key: string, text: string, type: keyof typeof TYPES = "string"): string | number | boolean {
  const value = TYPES[type](text);
  if (value !== undefined) return value;
  throw new OperatorError({
    summary: `the value of ${key} is no ${type}`,
    detail: text,
    remedy: "give another value, or another --type",
  });
}

async function get(call: VerbCall<ConfigFlags>): Promise<number> {
  const { console, flags, args } = call;
  const [key = ""] = args;
  const session = await open(call);
  const fallback = flags.path ? undefined : session.project.configDefaults.get(session.config.fullKey(key));
  const raw = session.config.get(key, flags.path === true) ?? fallback;
  if (raw === undefined) throw noSuchKey(session, key);
  const entry = await told(raw, session);
  printLine(console, flags.json ? JSON.stringify(entry, null, 2) : (entry.value ?? ""));
  return 0;
}

export function noSuchKey({ name, config }: StackSession, key: string): OperatorError {
  return new OperatorError({
    summary: `configuration key '${key}' not found for stack '${name}'`,
    where: config.path,
    remedy: `muster config set -s ${name} ${key} VALUE; \`muster config\` lists what there is`,
  });
}

async function remove(call: VerbCall<ConfigFlags>): Promise<number> {
  const session = await open(call);
  const [key = ""] = call.args;
  if (session.config.remove(key, call.flags.path === true)) session.config.save();
  return 0;
}

/** What the program would read: the file's values over the project's defaults. */
async function list(call: VerbCall<ConfigFlags>): Promise<number> {
  const { console, flags } = call;
  const session = await open(call);
  const all = configEntries(session.project, session.config);
  const shown: Record<string, ConfigEntry> = {};
  const rows = [["KEY", "VALUE"]];
  for (const key of Object.keys(all).sort()) {
    const entry = flags.showSecrets ? await told(all[key], session) : configEntry(all[key], undefined);
    shown[key] = entry;
    const own = key.startsWith(`${session.project.name}:`) ? key.slice(session.project.name.length + 1) : key;
    rows.push([own, entry.value ?? "[secret]"]);
  }
  printLine(console, flags.json ? JSON.stringify(shown, null, 2) : textTable(rows));
  return 0;
}

/** The passphrase is asked for only where there is something to open. */
async function told(raw: unknown, session: StackSession): Promise<ConfigEntry> {
  return configEntry(raw, hasSecret(raw) ? await session.cipher() : undefined);
}
