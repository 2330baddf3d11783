import { type Command, Option } from "commander";
import { OperatorError } from "../../wire/operator-error";
import { copyConfig } from "../config-copy";
import type { ConfigEntry } from "../config-entry";
import { openProject, stackOf } from "../project";
import { openStack, type StackSession } from "../stack-session";
import { collect } from "../update-options";
import type { VerbCall, VerbTable } from "../verb";
import { noSuchKey } from "./config";

interface ManyFlags {
  readonly secret?: readonly string[];
  readonly plaintext?: readonly string[];
  readonly json?: string;
  readonly path?: boolean;
  readonly dest?: string;
}

const PATH = "--path";

export function addConfigMany(table: VerbTable, config: Command): void {
  table
    .add<ManyFlags>(config, "set-all", "Set several values", setAll)
    .option("--plaintext <key=value>", "a value in plain (repeatable)", collect)
    .option("--secret <key=value>", "a value to encrypt (repeatable)", collect)
    .addOption(new Option("--json <text>", "values as `config --json` prints them").conflicts(["plaintext", "secret"]))
    .option(PATH, "keys are paths");
  table
    .add<ManyFlags>(config, "rm-all <keys...>", "Remove several values", removeAll)
    .aliases(["remove-all", "delete-all"])
    .option(PATH, "keys are paths");
  table
    .add<ManyFlags>(config, "cp [key]", "Copy a value, or all, to another stack", copy)
    .alias("copy")
    .requiredOption("-d, --dest <stack>", "the other stack")
    .option(PATH, "the key is a path");
}

async function open({ console, flags, folder }: VerbCall<ManyFlags>, stack = flags.stack): Promise<StackSession> {
  const project = openProject(folder);
  return await openStack(project, stackOf(project, stack, console.env), console.env);
}

interface Given {
  readonly key: string;
  readonly value: unknown;
  readonly secret: boolean;
}

async function setAll(call: VerbCall<ManyFlags>): Promise<number> {
  const { secret = [], plaintext = [], json, path = false } = call.flags;
  const given = [
    ...plaintext.map(text => pair(text, false)),
    ...secret.map(text => pair(text, true)),
    ...(json === undefined ? [] : ofJson(json)),
  ];
  const session = await open(call);
  const cipher = given.some(value => value.secret) ? await session.cipher() : undefined;
  for (const { key, value, secret: hidden } of given) {
    session.config.set(key, hidden && cipher ? { secure: cipher.encrypt(String(value)) } : value, path);
  }
  if (cipher !== undefined) session.config.salt = cipher.salt;
  session.config.save();
  return 0;
}

/** `key=value`. @throws OperatorError if there is no `=` */
export function keyValue(text: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new OperatorError({ summary: `'${text}' is no KEY=VALUE`, remedy: "write the key, =, and the value" });
}

function pair(text: string, secret: boolean): Given {
  const [key, value] = keyValue(text);
  return { key, value, secret };
}

function ofJson(text: string): Given[] {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, ConfigEntry>);
    return entries.map(([key, { value, objectValue, secret }]) => {
      if (value === undefined) throw new Error(`${key} has no value`);
      return { key, value: secret ? value : (objectValue ?? value), secret };
    });
  } catch (error) {
    throw new OperatorError({
      summary: "--json: not what `muster config --json` prints",
      detail: error instanceof Error ? error.message : String(error),
      remedy: 'write {"KEY": {"value": "TEXT", "secret": false}}; with --show-secrets secrets have values, too',
    });
  }
}

async function removeAll(call: VerbCall<ManyFlags>): Promise<number> {
  const session = await open(call);
  for (const key of call.args) session.config.remove(key, call.flags.path === true);
  session.config.save();
  return 0;
}

async function copy(call: VerbCall<ManyFlags>): Promise<number> {
  const [from, to] = [await open(call), await open(call, call.flags.dest)];
  const [key] = call.args;
  const path = call.flags.path === true;
  if (key === undefined) {
    await copyConfig(from, to, from.config.entries());
    return 0;
  }
  const raw = from.config.get(key, path);
  if (raw === undefined) throw noSuchKey(from, key);
  await copyConfig(from, to, { [key]: raw }, path);
  return 0;
}
