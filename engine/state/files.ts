import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What gocloud's file blobs keep beside each file; the md5 must match or stock warns. */
function attributesOf(text: string | Buffer): string {
  return `${JSON.stringify({
    "user.cache_control": "",
    "user.content_disposition": "",
    "user.content_encoding": "",
    "user.content_language": "",
    "user.content_type": "text/plain; charset=utf-8",
    "user.metadata": null,
    md5: createHash("md5").update(text).digest("base64"),
  })}\n`;
}

/** Makes a folder of the state that nobody else may enter. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
}

/** Writes a file of the state: either the old or the new content is there, whatever happens. Waits for the disk. */
export function writeBlob(path: string, text: string | Buffer): void {
  makeFolder(dirname(path));
  writeDurably(`${path}.attrs`, attributesOf(text));
  writeDurably(path, text);
}

/** The same without blocking, for the checkpoints of a running update. The attributes follow the content. */
export async function writeBlobAsync(path: string, text: string | Buffer): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w", FILE_MODE);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // The name is in the folder, which has a place of its own on the disk.
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes only the attributes of a file that `writeBlobAsync` wrote last. */
export function writeAttributes(path: string, text: string | Buffer): void {
  writeDurably(`${path}.attrs`, attributesOf(text));
}

/** The same for a file that is no blob: no folder is made, nothing lies beside it. */
export function writeDurably(path: string, text: string | Buffer, mode = FILE_MODE): void {
  const temporary = `${path}.tmp`;
  synced(openSync(temporary, "w", mode), file => writeFileSync(file, text));
  renameSync(temporary, path);
  synced(openSync(dirname(path), "r"));
}

function synced(file: number, write: (file: number) => void = () => {}): void {
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function removeBlob(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.attrs`, { force: true });
}
