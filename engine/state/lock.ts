import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../../wire/operator-error";
import { type Backend, lockFolder } from "./backend";
import { makeFolder, removeBlob, writeBlob } from "./files";

interface LockContent {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/** Somebody else works on the stack; says who, since when, and how to go on. */
export class LockedError extends OperatorError {
  constructor(stack: string, paths: readonly string[]) {
    const locks = paths.map(path => `file://${path}?no_tmp_dir=true: ${describe(path)}`);
    const head = `the stack is currently locked by ${paths.length} lock(s)`;
    super({
      summary: `${head}. Either wait for the other process(es) to end or delete the lock file with \`muster cancel\`.`,
      detail: locks.join("\n"),
      remedy: `once the other run is over: muster cancel -s ${stack} --yes`,
    });
    this.message = [head, ...locks].join("\n");
    this.name = "LockedError";
  }
}

function describe(path: string): string {
  let lock: LockContent;
  try {
    lock = JSON.parse(readFileSync(path, "utf8")) as LockContent;
  } catch {
    return "unreadable";
  }
  const gone = lock.hostname === hostname() && !runs(lock.pid) ? "; there is no such process any more" : "";
  return `created by ${lock.username}@${lock.hostname} (pid ${lock.pid}) at ${lock.timestamp}${gone}`;
}

/** Whether a process of this host is there, anybody's. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
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
  if (others.length > 0) throw new LockedError(stack, others);
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
    throw new LockedError(stack, now);
  }
  return () => removeBlob(path);
}

/** Removes all locks of a stack, for `cancel`. @returns how many there were */
export function breakLocks(backend: Backend, stack: string): number {
  const locks = listLocks(backend, stack);
  for (const path of locks) removeBlob(path);
  return locks.length;
}
