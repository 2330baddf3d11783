import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { uploadResumably } from "../../../remote/resumable-upload";
import type { CommandResult } from "../../../remote/runner";
import { OperatorError } from "../../../wire/operator-error";
import type { CheckFailure, Kind, KindContext } from "../../kind";
import { changeHost } from "./change-batch";
import { explainFileFailure } from "./file-failure";
import { lookAtFile } from "./file-look";
import {
  arrivalPath,
  directoryScript,
  type FileFacts,
  type Placement,
  permissionScript,
  prepareScript,
  removeScript,
  settleScript,
  writeScript,
} from "./file-script";
import { transferStatus } from "./image/progress";
import { sha256OfFile } from "./local-digest";

/** Larger files have a command of their own, and are never held in memory. */
const SMALL_BYTES = 256 * 1024;

/** Files of this size and more can be sent in several runs. */
const RESUMED_BYTES = 16 * 1024 * 1024;
const DAY_SECONDS = 86_400;

const octalMode = z.string().regex(/^0[0-7]{3}$/, 'must be four octal digits in quotes, such as "0644"');

const inputs = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  path: z
    .string()
    .regex(
      /^(\/(?!\.\.?(\/|$))[^/\0\n]+)+$/,
      "must be an absolute path without ., .., a line break or a slash at its end",
    )
    .describe("Absolute path on the host. A parent that is a symbolic link is refused."),
  content: z.string().optional().describe("Text of the file. Declare it secret if it is."),
  source: z.string().optional().describe("Path of a local file to upload instead of `content`."),
  sha256: z.string().optional().describe("Digest of `source`; found out by itself."),
  directory: z.boolean().optional().describe("True: a directory instead of a file."),
  mode: octalMode.optional().describe('Permissions. Default "0644", for a directory "0755".'),
  owner: z
    .string()
    .regex(/^(root|\d+:\d+)$/, 'must be "root" or "uid:gid" in numbers')
    .optional()
    .describe('"root" or "uid:gid". Default root.'),
  parentsMode: octalMode
    .optional()
    .describe('Mode of parents that are made. Default "0700" below /var/lib/muster, else "0755".'),
});

type FileInputs = z.infer<typeof inputs>;

interface FileOutputs {
  changed: string;
  digest?: string | undefined;
  made: boolean;
}

/** A file or directory on a host. Written beside its place and moved there, so that no reader ever sees a part. */
export const file: Kind<FileInputs, FileOutputs> = {
  token: "muster:index:File",
  description: "A file or directory on a host.",
  inputs,
  fields: {
    host: { change: "replace" },
    path: { change: "replace" },
    content: { change: "update" },
    source: { change: "ignore" },
    sha256: { change: "update" },
    directory: { change: "replace" },
    mode: { change: "update" },
    owner: { change: "update" },
    parentsMode: { change: "ignore" },
  },
  outputs: {
    changed: { description: "A new value each time the content is written: use it as a trigger." },
    digest: {
      description: "sha256 of the content; none for a directory.",
      secretWith: ["content"],
      schema: z.string().optional(),
    },
    made: {
      description: "Whether the directory was made here; one that was there before stays when this is deleted.",
      schema: z.boolean(),
    },
  },
  deleteBeforeReplace: true,

  async complete(news) {
    const mode = news.mode ?? (news.directory ? "0755" : "0644");
    const owner = news.owner === undefined || news.owner === "0:0" ? "root" : news.owner;
    if (news.source === undefined) return { mode, owner, sha256: undefined };
    return { mode, owner, sha256: await sha256OfFile(news.source) };
  },
  check: checkContent,

  predict(_context, news, old) {
    const digest = digestOf(news);
    const known = digest === undefined ? {} : { digest };
    if (!old || !(news.directory ? old.directory : digest !== undefined && digest === digestOf(old))) return known;
    return { ...known, changed: old.changed, made: old.made };
  },

  async read(context, id, old) {
    const { host, path } = old ?? parseId(id);
    const expected = (old && digestOf(old)) ?? "";
    const found = await lookAtFile(context, host, path, expected);
    if (!found) return undefined;
    const digest = found.type === "file" ? found.sha256 : undefined;
    return {
      inputs: observedInputs(found, host, path, old),
      state: { changed: old?.changed ?? newTrigger(), made: old?.made ?? false, ...(digest ? { digest } : {}) },
    };
  },

  async create(context, news) {
    const made = await write(context, news);
    return { id: `${news.host}:${news.path}`, state: outputsOf(news, newTrigger(), made) };
  },

  async update(context, _id, news, old) {
    const { host, path } = news;
    const found = await lookAtFile(context, host, path, digestOf(news) ?? "");
    const isInPlace = news.directory
      ? found?.type === "directory"
      : found?.type === "file" && found.sha256 === digestOf(news);
    const isSame = isInPlace && digestOf(news) === digestOf(old);
    if (!found || !isInPlace) {
      const made = await write(context, news);
      return outputsOf(news, newTrigger(), made || old.made);
    }
    await repairPermissions(context, news, found);
    return outputsOf(news, isSame ? old.changed : newTrigger(), old.made);
  },

  async delete(context, _id, old) {
    if (old.directory && !old.made) return;
    const script = removeScript(old.path, old.directory === true);
    const { stdout } = await mutate(context, old, `remove ${old.path}`, script);
    if (stdout.trim() === "kept") context.status(`${old.path} is not empty: it stays`);
  },
};

function checkContent(news: Partial<FileInputs>, unknown: ReadonlySet<string> = new Set()): CheckFailure[] {
  const declared = [
    news.content !== undefined || unknown.has("content") ? "content" : undefined,
    news.source !== undefined || unknown.has("source") ? "source" : undefined,
    news.directory || unknown.has("directory") ? "directory" : undefined,
  ].filter(name => name !== undefined);
  if (declared.length === 1) return [];
  if (declared.length === 0) return [{ property: "content", reason: "declare content, source or directory: true." }];
  return [{ property: declared[1] ?? "content", reason: `cannot stand beside ${declared[0]}: declare one of them.` }];
}

/**
 * A file of this size or more goes on where a lost connection or an ended run left it, and is not sent to a host that has it: another
 * stack's, or by `muster data distribute`.
 */
async function uploadLarge(
  context: KindContext,
  news: FileInputs,
  { source, sizeBytes, sha256 }: { readonly source: string; readonly sizeBytes: number; readonly sha256: string },
  placement: Placement,
): Promise<void> {
  const { host, path } = news;
  const found = await lookAtFile(context, host, path, sha256);
  if (found?.type === "file" && found.sha256 === sha256) {
    await repairPermissions(context, news, found);
    return;
  }
  await mutate(context, news, `make room for ${path}`, prepareScript(placement));
  const file = { path: arrivalPath(path), sizeBytes, sha256 };
  await uploadResumably(context.hosts.runner(host), source, file, {
    timeoutSeconds: context.timeoutSeconds ?? DAY_SECONDS,
    signal: context.signal,
    onProgress: transferStatus(`this machine to ${host}`, sizeBytes, line => context.status(line)),
  });
  await mutate(context, news, `upload ${path} (${sizeBytes} bytes)`, settleScript(placement));
}

/** Sets mode and owner, if they are others; each alone where only one is. */
async function repairPermissions(context: KindContext, news: FileInputs, found: FileFacts): Promise<void> {
  const mode = found.mode === news.mode ? undefined : news.mode;
  const owner = found.owner === (news.owner ?? "root") ? undefined : (news.owner ?? "root");
  const parts = [...(mode === undefined ? [] : ["mode"]), ...(owner === undefined ? [] : ["owner"])];
  if (parts.length === 0) return;
  await mutate(
    context,
    news,
    `set ${parts.join(" and ")} of ${news.path}`,
    permissionScript(news.path, { mode, owner }),
  );
}

/** Uploads and puts in place. True if a directory was made. */
async function write(context: KindContext, news: FileInputs): Promise<boolean> {
  const { path } = news;
  const placement = { ...news, mode: news.mode ?? (news.directory ? "0755" : "0644") };
  if (news.directory) {
    const { stdout } = await mutate(context, news, `make directory ${path}`, directoryScript(placement));
    return stdout.trim() === "true";
  }
  if (news.source === undefined) {
    const content = Buffer.from(news.content ?? "");
    await mutate(context, news, `write ${path}`, writeScript(placement, { sizeBytes: content.length }), content);
    return false;
  }
  const sizeBytes = (await stat(news.source)).size;
  const what = `upload ${path} (${sizeBytes} bytes)`;
  if (sizeBytes >= RESUMED_BYTES && news.sha256 !== undefined) {
    await uploadLarge(context, news, { source: news.source, sizeBytes, sha256: news.sha256 }, placement);
    return false;
  }
  if (sizeBytes <= SMALL_BYTES) {
    const content = await unchanged(news.source, news.sha256);
    await mutate(context, news, what, writeScript(placement, { sizeBytes: content.length }), content);
    return false;
  }
  const proof = news.sha256 === undefined ? { sizeBytes } : { sizeBytes, sha256: news.sha256 };
  const options = { signal: context.signal, stdin: createReadStream(news.source) };
  proven(what, news, await context.hosts.runner(news.host).mutate(what, writeScript(placement, proof), options));
  return false;
}

/** A small file of the operator's side, as it was when its digest was taken. @throws OperatorError */
async function unchanged(source: string, sha256: string | undefined): Promise<Buffer> {
  const content = await readFile(source);
  const digest = createHash("sha256").update(content).digest("hex");
  if (sha256 === undefined || digest === sha256) return content;
  throw new OperatorError({
    summary: `the content changed under way: its sha256 was ${sha256} and is ${digest}`,
    where: source,
    remedy: "run it again when nobody writes the file",
  });
}

/** A change that may go to the host together with others. */
async function mutate(
  context: KindContext,
  place: Pick<FileInputs, "host" | "path">,
  what: string,
  script: string,
  stdin?: Buffer,
): Promise<CommandResult> {
  return proven(what, place, await changeHost(context, place.host, what, { script, ...(stdin && { stdin }) }));
}

/** @throws OperatorError unless the change was made */
function proven(what: string, { host, path }: Pick<FileInputs, "host" | "path">, result: CommandResult): CommandResult {
  if (result.exitCode !== 0) throw explainFileFailure(what, host, path, result);
  return result;
}

/** What is there, said in the words of the inputs, so that a drift shows as a difference of inputs. */
function observedInputs(found: FileFacts, host: string, path: string, old: FileInputs | undefined): FileInputs {
  const { content: _content, sha256: _sha256, directory, ...kept } = old ?? { host, path };
  const base: FileInputs = { ...kept, mode: found.mode, owner: found.owner };
  // A folder whose place something else has taken is made anew; a file takes its place back.
  if (directory || (!old && found.type === "directory")) return { ...base, directory: found.type === "directory" };
  if (old?.source !== undefined) return { ...base, sha256: found.sha256 ?? `[${found.type}]` };
  if (found.type !== "file") return { ...base, content: `[not a file: ${found.type}]` };
  if (old && found.sha256 === digestOf(old)) return { ...base, content: old.content };
  return { ...base, content: shownContent(found) };
}

function shownContent(found: FileFacts): string {
  if (found.sizeBytes === 0) return "";
  const text = found.content?.toString("utf8");
  if (text !== undefined && found.content?.equals(Buffer.from(text))) return text;
  return `[${found.sizeBytes} bytes${found.content ? " that are not text" : ""}, sha256 ${found.sha256}]`;
}

function digestOf(news: Partial<FileInputs>): string | undefined {
  if (news.sha256 !== undefined) return news.sha256;
  return news.content === undefined ? undefined : createHash("sha256").update(news.content).digest("hex");
}

function outputsOf(news: FileInputs, changed: string, made: boolean): FileOutputs {
  const digest = digestOf(news);
  return { changed, made, ...(digest === undefined ? {} : { digest }) };
}

function newTrigger(): string {
  return randomBytes(6).toString("hex");
}

function parseId(id: string): { host: string; path: string } {
  const [, host, path] = /^([^:]+):(\/.*)$/.exec(id) ?? [];
  if (host === undefined || path === undefined) throw new Error(`"${id}" is not an id of a file: host:/absolute/path`);
  return { host, path };
}
