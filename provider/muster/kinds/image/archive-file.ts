import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { z } from "zod";
import { OperatorError } from "../../../../wire/operator-error";
import { fullName } from "./reference";

/** What tells one archive on the operator's machine from another. */
export interface ArchiveIdentity {
  /** Ids that a host may give to the image: of its configuration (Docker's image store), of its manifest (containerd's). */
  readonly ids?: string[];
  /** Instead of them, for a compressed archive. */
  readonly fingerprint?: string;
}

const manifestFile = z.array(z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish() }));
const indexFile = z.object({
  manifests: z.array(z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).nullish() })),
});

const BLOCK_BYTES = 512;
/** manifest.json and index.json are some kilobytes. */
const LARGEST_TEXT_BYTES = 16 * 1024 * 1024;
const SAMPLE_BYTES = 1024 * 1024;

/**
 * Reads from an archive of `docker save` which image it holds, without reading the layers.
 * @param reference decides when there are several
 * @throws OperatorError when it holds no image, or several and none of that name
 */
export async function archiveIdentity(path: string, reference: string): Promise<ArchiveIdentity> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (await isCompressed(file)) return { fingerprint: await fingerprint(file, size) };
    const texts = await tarTexts(file, size, ["manifest.json", "index.json"]);
    return { ids: idsOf(texts, path, reference) };
  } finally {
    await file.close();
  }
}

function idsOf(texts: ReadonlyMap<string, string>, path: string, reference: string): string[] {
  const manifest = parseJson(manifestFile, texts.get("manifest.json"));
  if (!manifest || manifest.length === 0) {
    throw new OperatorError({
      summary: "the file is not an archive of docker save: it has no manifest.json with an image",
      where: path,
      remedy: "write it with: docker save -o FILE NAME:TAG",
    });
  }
  const name = fullName(reference);
  const [only] = manifest;
  const isNamed = (tags: readonly string[]) => tags.some(tag => fullName(tag) === name);
  const image = manifest.find(each => isNamed(each.RepoTags ?? [])) ?? (manifest.length === 1 ? only : undefined);
  if (!image) {
    throw new OperatorError({
      summary: `the archive holds ${manifest.length} images, and none is named ${reference}`,
      where: path,
      detail: `it holds ${manifest.flatMap(each => each.RepoTags ?? []).join(", ") || "no names"}`,
      remedy: `correct image.reference, or save one image only: docker save -o FILE ${reference}`,
    });
  }
  const hex = /([0-9a-f]{64})(?:\.json)?$/.exec(image.Config)?.[1];
  const listed = parseJson(indexFile, texts.get("index.json"))?.manifests ?? [];
  const named = listed.filter(each => manifest.length === 1 || each.annotations?.["io.containerd.image.name"] === name);
  return [...(hex === undefined ? [] : [`sha256:${hex}`]), ...named.map(each => each.digest)];
}

function parseJson<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** gzip, bzip2, xz, zstd: what `docker load` unpacks by itself. */
async function isCompressed(file: FileHandle): Promise<boolean> {
  const start = (await read(file, 0, 6)).toString("hex");
  return ["1f8b", "425a68", "fd377a585a00", "28b52ffd"].some(magic => start.startsWith(magic));
}

/** Its ends carry checksums of all that is between (RFC 1952 for gzip), so this changes with the content. */
async function fingerprint(file: FileHandle, size: number): Promise<string> {
  const hash = createHash("sha256").update(`${size}\n`);
  hash.update(await read(file, 0, Math.min(size, SAMPLE_BYTES)));
  hash.update(await read(file, Math.max(0, size - SAMPLE_BYTES), Math.min(size, SAMPLE_BYTES)));
  return hash.digest("hex");
}

/** Contents of some files of a tar (POSIX pax, GNU). */
async function tarTexts(file: FileHandle, size: number, names: readonly string[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  let paxSize: number | undefined;
  for (let at = 0; at + BLOCK_BYTES <= size && texts.size < names.length; ) {
    const header = await read(file, at, BLOCK_BYTES);
    if (header.every(byte => byte === 0)) break;
    const type = String.fromCharCode(header[156] ?? 0);
    const bytes = (type !== "x" && paxSize) || numberIn(header.subarray(124, 136));
    const name = cString(header.subarray(0, 100)).replace(/^\.\//, "");
    const content = at + BLOCK_BYTES;
    if (type === "x") paxSize = paxSizeIn(await read(file, content, Math.min(bytes, LARGEST_TEXT_BYTES)));
    else paxSize = undefined;
    if (names.includes(name) && bytes <= LARGEST_TEXT_BYTES)
      texts.set(name, (await read(file, content, bytes)).toString());
    at = content + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return texts;
}

function paxSizeIn(records: Buffer): number | undefined {
  const found = /^\d+ size=(\d+)$/m.exec(records.toString());
  return found ? Number(found[1]) : undefined;
}

/** Octal text, or for large files binary with the highest bit set (GNU). */
function numberIn(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(cString(field).trim() || "0", 8);
  return Number(BigInt(`0x${field.subarray(1).toString("hex")}`));
}

function cString(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? undefined : end).toString();
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
