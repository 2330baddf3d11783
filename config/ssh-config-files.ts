import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import * as path from "node:path";
import { SshConfig } from "../remote/ssh-config/config";
import type { ConfigSurroundings } from "../remote/ssh-config/value";
import type { Problem } from "./problem";

const USUAL_FILE = "~/.ssh/config";

export interface SshConfigOptions {
  /** Reads an ssh_config file as text. Default: from the disk, and then others must not be able to write it. */
  readonly readSshConfig?: (file: string) => string;
  /** What the operator's machine is like. Default: this one. */
  readonly surroundings?: ConfigSurroundings;
}

/** An ssh_config file that is there and cannot be used. */
export class UnreadableConfig extends Error {
  constructor(readonly problem: Problem) {
    super(problem.found);
  }
}

/**
 * The ssh_config file of that name; undefined for `none`. Without a name it is `~/.ssh/config`, if that is there.
 * @throws UnreadableConfig, also later, when an included file cannot be read
 */
export function openSshConfig(name: string | undefined, options: SshConfigOptions): SshConfig | undefined {
  if (name === "none") return undefined;
  const surroundings = options.surroundings ?? thisMachine();
  const read = (file: string): string | undefined => {
    const absolute = file.replace(/^~(?=\/)/, surroundings.home);
    try {
      return (options.readSshConfig ?? readSafely)(absolute);
    } catch (error) {
      if (error instanceof UnsafeFile) throw unreadable(file, error.message, `chmod go-w ${file}`);
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw unreadable(file, `a file that cannot be read (${code})`, "give yourself the right to read it");
    }
  };
  const file = name ?? USUAL_FILE;
  if (read(file) !== undefined) return new SshConfig(file, { read, find: findFiles }, surroundings);
  if (name === undefined) return undefined;
  throw unreadable(file, "no such file", "correct ssh.configFile, or write none");
}

function unreadable(file: string, found: string, remedy: string): UnreadableConfig {
  return new UnreadableConfig({
    file,
    path: "",
    found,
    expected: "an ssh_config file that you alone can write",
    remedy,
  });
}

class UnsafeFile extends Error {}

/** OpenSSH refuses it too: whoever writes this file decides where the logins go. */
function readSafely(file: string): string {
  const { mode, uid } = statSync(file);
  const own = process.getuid?.();
  if (own !== undefined && ((uid !== 0 && uid !== own) || (mode & 0o022) !== 0)) {
    throw new UnsafeFile("a file that others can write");
  }
  return readFileSync(file, "utf8");
}

/** The files that an absolute pattern matches (`*`, `?`, `[a-z]`), in the order of their names, as glob(3) does. */
export function findFiles(pattern: string): string[] {
  let found = ["/"];
  for (const part of pattern.split("/").filter(Boolean)) {
    found = /[*?[]/.test(part)
      ? found.flatMap(folder => namesIn(folder, part).map(name => path.join(folder, name)))
      : found.map(folder => path.join(folder, part));
  }
  return found.filter(isThere);
}

function namesIn(folder: string, pattern: string): string[] {
  const expression = new RegExp(`^${expressionOf(pattern)}$`, "s");
  try {
    const names = readdirSync(folder).filter(name => !name.startsWith(".") || pattern.startsWith("."));
    return names.filter(name => expression.test(name)).sort();
  } catch {
    return [];
  }
}

function expressionOf(pattern: string): string {
  return pattern.replace(/\[([!^]?)([^\]]+)\]|[\s\S]/g, (text, negation?: string, letters?: string) => {
    if (letters !== undefined) return `[${negation ? "^" : ""}${letters.replace(/[\\\]^]/g, "\\$&")}]`;
    if (text === "*") return ".*";
    return text === "?" ? "." : text.replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
  });
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function thisMachine(): ConfigSurroundings {
  return {
    home: homedir(),
    localUser: localUser(),
    localUserId: process.getuid?.() ?? 0,
    localHost: hostname(),
    variable: name => process.env[name],
  };
}

/** Also in a container whose user has no entry in the list of users. */
function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? String(process.getuid?.() ?? "");
  }
}
