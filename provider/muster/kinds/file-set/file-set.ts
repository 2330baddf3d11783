import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { OperatorError } from "../../../../wire/operator-error";
import type { Kind, KindContext, PreviewContext } from "../../../kind";
import { changeHost } from "../change-batch";
import { explainFileFailure } from "../file-failure";
import { lookAtFile } from "../file-look";
import type { FileFacts } from "../file-script";
import { sha256OfFile } from "../local-digest";
import { changeScript, FILE_NAME, removeScript, type SetChange } from "./scripts";

const DEFAULT_MODE = "0644";

const name = z
  .string()
  .regex(FILE_NAME, "must be a file name of letters, digits, _, - and ., and begin with no . or -");

const inputs = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  folder: z
    .string()
    .regex(/^(\/(?!\.\.?(\/|$))[^/\0\n]+)+$/, "must be an absolute path without ., .. or a slash at its end")
    .describe("Absolute path of their folder on the host. Other files in it are left alone."),
  sources: z.record(name, z.string()).describe("Name of each file, and the local file that it comes from."),
  digests: z.record(z.string(), z.string()).optional().describe("sha256 of each file; found out by itself."),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/, 'must be four octal digits in quotes, such as "0644"')
    .optional()
    .describe(`Permissions of each file. Default "${DEFAULT_MODE}". All are root's.`),
});

type FileSetInputs = z.infer<typeof inputs>;
type Place = Pick<FileSetInputs, "host" | "folder">;
type Nothing = Record<never, never>;

/** Small files of one folder that belong together: one command writes them, and the preview names each that differs. */
export const fileSet: Kind<FileSetInputs, Nothing> = {
  token: "muster:index:FileSet",
  description: "Small files in one folder of a host, written together.",
  inputs,
  fields: {
    host: { change: "replace" },
    folder: { change: "replace" },
    // Where they lie on the operator's machine; what they hold is in the digests.
    sources: { change: "ignore" },
    digests: { change: "update" },
    mode: { change: "update" },
  },
  outputs: {},

  async complete(news) {
    const files = Object.entries(news.sources ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const digests = await Promise.all(files.map(async ([file, source]) => [file, await sha256OfFile(source)]));
    return { mode: news.mode ?? DEFAULT_MODE, digests: Object.fromEntries(digests) };
  },

  async read(context, id, old) {
    if (!old) {
      throw new OperatorError({
        summary: `files ${id} cannot be imported: which local files they come from is in the program`,
        remedy: "declare them; what is there already is written over",
      });
    }
    const found = await lookAtAll(context, old, old.digests ?? {});
    if (found.size > 0 && [...found.values()].every(facts => facts === undefined)) return undefined;
    const digests: Record<string, string> = {};
    for (const [file, facts] of found) if (facts) digests[file] = described(facts, old.mode ?? DEFAULT_MODE);
    const { host, folder, sources, mode } = old;
    return { inputs: { host, folder, sources, digests, ...(mode !== undefined && { mode }) }, state: {} };
  },

  async create(context, news) {
    await change(context, news, Object.keys(news.sources), []);
    return { id: `${news.host}:${news.folder}`, state: {} };
  },

  async update(context, _id, news) {
    const { digests = {}, mode = DEFAULT_MODE } = news;
    const found = await lookAtAll(context, news, digests);
    const names = Object.keys(digests);
    const isSame = (file: string) => found.get(file)?.type === "file" && found.get(file)?.sha256 === digests[file];
    const isWell = (file: string) => described(found.get(file), mode) === digests[file];
    const written = names.filter(file => !isSame(file));
    await change(
      context,
      news,
      written,
      names.filter(file => isSame(file) && !isWell(file)),
    );
    return {};
  },

  async delete(context, _id, old) {
    const script = removeScript(old.folder, Object.keys(old.digests ?? {}));
    await send(context, old, `remove the files of a set in ${old.folder}`, script);
  },
};

/** What is at the place of each file; undefined: nothing. */
async function lookAtAll(
  context: Pick<PreviewContext, "hosts" | "signal">,
  { host, folder }: Place,
  digests: Readonly<Record<string, string>>,
): Promise<Map<string, FileFacts | undefined>> {
  const looks = Object.entries(digests).map(
    async ([file, sha256]) => [file, await lookAtFile(context, host, `${folder}/${file}`, sha256)] as const,
  );
  return new Map(await Promise.all(looks));
}

/** The digest alone where all is well, so that a file that differs shows as a difference of its digest. */
function described(facts: FileFacts | undefined, mode: string): string {
  if (facts === undefined) return "";
  if (facts.type !== "file") return `[${facts.type}]`;
  const wrong = [
    ...(facts.mode === mode ? [] : [`mode ${facts.mode}`]),
    ...(facts.owner === "root" ? [] : [`owner ${facts.owner}`]),
  ];
  return [facts.sha256, ...wrong].join(" ");
}

async function change(
  context: KindContext,
  news: FileSetInputs,
  written: readonly string[],
  repaired: readonly string[],
): Promise<void> {
  const { folder, mode = DEFAULT_MODE } = news;
  const contents = await Promise.all(written.map(file => contentOf(news, file)));
  const files: SetChange["written"] = contents.map(({ name: file, sha256, content }) => ({
    name: file,
    sizeBytes: content.length,
    sha256,
  }));
  const script = changeScript({ folder, mode, names: Object.keys(news.sources), written: files, repaired });
  const done = [
    ...(written.length > 0 ? [`write ${written.join(", ")}`] : []),
    ...(repaired.length > 0 ? [`set mode and owner of ${repaired.join(", ")}`] : []),
  ];
  const what = `${done.join(", ") || "keep the list of files"} in ${folder}`;
  await send(context, news, what, script, Buffer.concat(contents.map(each => each.content)));
}

/** A file of the operator's side, as it was when its digest was taken. @throws OperatorError */
async function contentOf({ sources, digests }: FileSetInputs, file: string) {
  const source = sources[file] ?? "";
  const content = await readFile(source);
  const sha256 = createHash("sha256").update(content).digest("hex");
  if (sha256 === (digests?.[file] ?? sha256)) return { name: file, sha256, content };
  throw new OperatorError({
    summary: `the content changed under way: its sha256 was ${digests?.[file]} and is ${sha256}`,
    where: source,
    remedy: "run it again when nobody writes the file",
  });
}

async function send(context: KindContext, { host, folder }: Place, what: string, script: string, stdin?: Buffer) {
  const result = await changeHost(context, host, what, { script, ...(stdin && stdin.length > 0 && { stdin }) });
  if (result.exitCode !== 0) throw explainFileFailure(what, host, folder, result);
}
