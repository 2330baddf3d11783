import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "../../../../wire/operator-error";
import { sha256OfFile } from "../local-digest";
import { type ArchiveIdentity, archiveIdentity } from "./archive-file";
import type { Archive, Derivation, Source } from "./inputs";

/** What was read of files that have not changed since: every host of a cluster asks for the same ones. */
const known = new Map<string, Promise<unknown>>();

/** Reads a file once in a run, as long as its size and time stay. @throws OperatorError if it is not there */
async function once<T>(what: string, path: string, read: () => Promise<T>): Promise<T> {
  const { size, mtimeMs, ino } = await statOf(path);
  const key = [what, path, size, mtimeMs, ino].join("\n");
  const before = known.get(key) as Promise<T> | undefined;
  if (before) return before;
  const reading = read();
  known.set(key, reading);
  reading.catch(() => known.delete(key));
  return reading;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw new OperatorError(
      {
        summary: `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        where: path,
        remedy: "correct the path in the cluster file, or bring the file there",
      },
      { cause: error },
    );
  }
}

/** sha256 and size of an archive as it is sent. */
export async function archiveBytes(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const { size } = await statOf(path);
  return { sha256: await once("sha256", path, () => sha256OfFile(path)), sizeBytes: size };
}

/** Names of the .deb files of a folder, sorted. @throws OperatorError when there is none */
export async function debNames(directory: string): Promise<string[]> {
  await statOf(directory);
  const names = (await readdir(directory)).filter(name => name.endsWith(".deb")).sort();
  if (names.length > 0) return names;
  throw new OperatorError({
    summary: "the folder holds no .deb file",
    where: directory,
    remedy: "put the packages and what they depend on there",
  });
}

/** sha256 of one package; read once as long as the file stays as it is. */
export function debSha256(file: string): Promise<string> {
  return once("sha256", file, () => sha256OfFile(file));
}

/**
 * The source with what its files on the operator's machine say. A file that has gone since the last run is taken as it was: it is
 * needed only to bring the image to a host that does not have it.
 */
export async function withIdentity(source: Source, reference: string, old?: Source): Promise<Source> {
  if ("archive" in source) {
    const { path } = source.archive;
    const before = old && "archive" in old && old.archive.path === path ? old.archive : undefined;
    return { archive: { path, ...((await identityOf(path, reference, before)) ?? before) } };
  }
  if ("derive" in source && source.derive.debsDirectory !== undefined) {
    const { debsDirectory } = source.derive;
    const before = old && "derive" in old && old.derive.debsDirectory === debsDirectory ? old.derive : undefined;
    return { derive: { ...source.derive, debs: await debsOf(debsDirectory, before) } };
  }
  return source;
}

async function identityOf(path: string, reference: string, before?: Archive): Promise<ArchiveIdentity | undefined> {
  if (before && !(await isThere(path))) return undefined;
  return once(`identity for ${reference}`, path, () => archiveIdentity(path, reference));
}

async function debsOf(directory: string, before?: Derivation): Promise<string> {
  if (before?.debs !== undefined && !(await isThere(directory))) return before.debs;
  const hash = createHash("sha256");
  for (const name of await debNames(directory)) hash.update(`${await debSha256(join(directory, name))}  ${name}\n`);
  return hash.digest("hex");
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
