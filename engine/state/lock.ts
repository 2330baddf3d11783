import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { type Backend, lockFolder } from "./backend";
import { makeFolder, removeBlob, writeBlob } from "./files";

interface LockContent {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/** Somebody else works on the stack; says who, since when, and how to go on. */
export class LockedError extends Error {
  constructor(paths: readonly string[]) {
    const lines = paths.map(path => `  file://${path}?no_tmp_dir=true: ${describe(path)}`);
    super(
      `the stack is currently locked by ${paths.length} lock(s). Either wait for the other process(es) to end or ` +
        `delete the lock file with \`pulumi cancel\`.\n${lines.join("\n")}`,
    );
    this.name = "LockedError";
  }
}

function describe(path: string): string {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8")) as LockContent;
    return `created by ${lock.username}@${lock.hostname} (pid ${lock.pid}) at ${lock.timestamp}`;
  } catch {
    return "unreadable";
  }
}

export function listLocks(backend: Backend, stack: string): string[] {
  const folder = lockFolder(backend, stack);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(file => file.endsWith(".json"))
    .map(file => join(folder, file));
}

/**
 * Takes the stack's lock. Two that write at the same moment both see the other and both give up.
 * @returns what gives it back
 * @throws LockedError
 */
export function takeLock(backend: Backend, stack: string): () => void {
  const others = listLocks(backend, stack);
  if (others.length > 0) throw new LockedError(others);
  const path = join(lockFolder(backend, stack), `${randomUUID()}.json`);
  makeFolder(lockFolder(backend, stack));
  const content: LockContent = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  writeBlob(path, JSON.stringify(content));
  const now = listLocks(backend, stack).filter(other => other !== path);
  if (now.length > 0) {
    removeBlob(path);
    throw new LockedError(now);
  }
  return () => removeBlob(path);
}

/** Removes all locks of a stack, for `cancel`. @returns how many there were */
export function breakLocks(backend: Backend, stack: string): number {
  const locks = listLocks(backend, stack);
  for (const path of locks) removeBlob(path);
  return locks.length;
}
