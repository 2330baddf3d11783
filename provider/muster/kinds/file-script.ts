import { createHash } from "node:crypto";
import { posix } from "node:path";
import { script } from "../../../remote/shell";
import { pruneScript } from "./prune";

/** Files up to this size are shown line by line when they differ; of larger ones only the digest is read. */
export const SHOWN_BYTES = 64 * 1024;

/** Everything that muster keeps on a host. Empty folders below it are removed with the last file in them. */
const OWN_ROOT = "/var/lib/muster";

export interface FileFacts {
  readonly type: "file" | "directory" | "link" | "other";
  /** Four octal digits. */
  readonly mode: string;
  /** `uid:gid`; `root` for 0:0. */
  readonly owner: string;
  readonly sizeBytes: number;
  readonly sha256?: string;
  /** Absent if it was not asked for, or too large. */
  readonly content?: Buffer;
}

/** Describes what is at the path. Content is sent only if its digest is not the expected one. */
export function readScript(path: string, expectedSha256: string): string {
  return script(
    `export LC_ALL=C
if ! s=$(stat -c '%F|%a|%u:%g|%s' -- "$p" 2>&1); then
  case $s in *'No such file'*|*'Not a directory'*) echo absent; exit 0;; esac
  echo "$s" >&2; exit 1
fi
echo "$s"
case $s in 'regular '*) ;; *) exit 0;; esac
h=$(sha256sum <"$p"); h=\${h%% *}; echo "$h"
if [ "$h" != "$expected" ] && [ "$(stat -c %s -- "$p")" -le ${SHOWN_BYTES} ]; then base64 -w0 <"$p"; echo; fi`,
    { p: path, expected: expectedSha256 },
  );
}

/** Undefined: nothing is there. @throws Error on anything that `readScript` does not print. */
export function parseRead(output: string): FileFacts | undefined {
  const [first = "", sha256, content] = output.split("\n");
  if (first === "absent") return undefined;
  const [kind = "", mode = "", owner = "", size = ""] = first.split("|");
  if (!/^[0-7]{1,4}$/.test(mode)) throw new Error(`cannot read the description of a file: ${first.slice(0, 200)}`);
  return {
    type: TYPES[kind] ?? "other",
    mode: mode.padStart(4, "0"),
    owner: owner === "0:0" ? "root" : owner,
    sizeBytes: Number(size),
    ...(sha256 ? { sha256 } : {}),
    ...(content ? { content: Buffer.from(content, "base64") } : {}),
  };
}

const TYPES: Readonly<Record<string, FileFacts["type"]>> = {
  "regular file": "file",
  "regular empty file": "file",
  directory: "directory",
  "symbolic link": "link",
};

/** In the folder of a set of files: their names, one a line. What it names is the set's, also when a File was made of it before. */
export const SET_LIST = ".muster-set";

/** A parent that is a link could be pointed elsewhere by whoever owns it, so root does not write through it. */
export const REFUSE_LINKED_PARENTS = `d=\${p%/*}
while [ -n "$d" ]; do
  if [ -L "$d" ]; then echo "$d is a symbolic link to $(readlink -f -- "$d"); give the real path" >&2; exit 44; fi
  d=\${d%/*}
done`;

/**
 * When a change fails: what the place is like, for `explainFileFailure`. What is not there yet is as its nearest folder. A part
 * that was uploaded goes away after that, because it may be what fills the disk.
 */
export const FINISH = `export LC_ALL=C
t=
finish() {
  [ "$?" != 0 ] || return 0
  # Nobody may hear it any more.
  trap '' PIPE; set +e
  n=$p
  while [ ! -e "$n" ] && [ -n "$n" ]; do n=\${n%/*}; done
  echo "place $(df -k --output=avail,iavail,fstype,target -- "\${n:-/}" | tail -n 1)" >&2
  lsattr -d -- "$p" "\${p%/*}/" 2>/dev/null | sed -n 's/^[^ ]*i[^ ]* /immutable /p' >&2
  [ -z "$t" ] || rm -rf -- "$t"
}
trap finish EXIT
trap 'exit 143' HUP INT TERM PIPE`;

export const MAKE_PARENTS = `d=\${p%/*}
[ -z "$d" ] || [ -d "$d" ] || (umask "$parents_umask"; mkdir -p -- "$d")`;

export interface Placement {
  readonly path: string;
  readonly mode: string;
  readonly owner?: string | undefined;
  readonly parentsMode?: string | undefined;
}

/**
 * Writes standard input to the path: into a new file beside it, which then takes its place. A reader sees the old or the new
 * content, never a part. The proof against a cut-off upload is the size, or the digest where that is no secret.
 */
export function writeScript(placement: Placement, proof: { sizeBytes: number; sha256?: string }): string {
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir -- "$p" || exit 46; fi
${MAKE_PARENTS}
umask 077
d=\${p%/*}
for old in "$d/$stem".????????; do [ ! -e "$old" ] || rm -f -- "$old"; done
t=$(mktemp -- "$d/$stem.XXXXXXXX")
cat >"$t"
got=$(stat -c '%s %u:%g' -- "$t")
[ "\${got% *}" -eq "$size" ] || { echo "only \${got% *} of $size bytes arrived" >&2; exit 45; }
if [ -n "$sha256" ]; then
  h=$(sha256sum <"$t"); [ "\${h%% *}" = "$sha256" ] || { echo "the content changed under way: sha256 \${h%% *}" >&2; exit 45; }
fi
[ "\${got#* }" = "$owner" ] || chown -- "$owner" "$t"
[ "$mode" = 0600 ] || chmod -- "$mode" "$t"
mv -fT -- "$t" "$p"
t=`,
    {
      ...variables(placement),
      stem: temporaryStem(placement.path),
      size: String(proof.sizeBytes),
      sha256: proof.sha256 ?? "",
    },
  );
}

/**
 * Where a large file arrives: beside its place, under a name of muster's own. What is there already stays until the new content is whole
 * and proven.
 */
export function arrivalPath(path: string): string {
  return `${posix.dirname(path).replace(/\/$/, "")}/${temporaryStem(path)}.whole`;
}

/** Makes the folder of a large file that is to come, as `writeScript` does it. */
export function prepareScript(placement: Placement): string {
  const free = `if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir -- "$p" || exit 46; fi`;
  return script([FINISH, REFUSE_LINKED_PARENTS, free, MAKE_PARENTS].join("\n"), variables(placement));
}

/** Puts a large file that has arrived in its place, with its mode and owner. */
export function settleScript(placement: Placement): string {
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
chown -- "$owner" "$w"
chmod -- "$mode" "$w"
mv -fT -- "$w" "$p"`,
    { ...variables(placement), w: arrivalPath(placement.path) },
  );
}

/** Beginning of the names of a path's temporary files: what a killed host or operator left of an earlier try is found by it. */
export function temporaryStem(path: string): string {
  return `.muster.${createHash("sha256").update(path).digest("hex").slice(0, 12)}`;
}

/** Makes the directory, or sets its mode and owner if it is there. Prints whether it was made. */
export function directoryScript(placement: Placement): string {
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
if [ -d "$p" ] && [ ! -L "$p" ]; then made=false; else
  ${MAKE_PARENTS.replaceAll("\n", "\n  ")}
  (umask 077; mkdir -- "$p"); made=true
fi
chown -- "$owner" "$p"
chmod -- "$mode" "$p"
echo "$made"`,
    variables(placement),
  );
}

/** Sets what is given of mode and owner alone. */
export function permissionScript(
  path: string,
  { mode, owner }: { readonly mode?: string | undefined; readonly owner?: string | undefined },
): string {
  const steps = [
    ...(owner === undefined ? [] : ['chown -h -- "$owner" "$p"']),
    ...(mode === undefined ? [] : ['chmod -- "$mode" "$p"']),
  ];
  const variables = { p: path, mode: mode ?? "", owner: ownerArgument(owner) };
  return script([FINISH, REFUSE_LINKED_PARENTS, ...steps].join("\n"), variables);
}

/** Removes a file, or an empty directory, and then the folders of muster's own that this leaves empty. */
export function removeScript(path: string, directory: boolean): string {
  const remove = directory
    ? `if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir -- "$p" 2>/dev/null || { echo kept; exit 0; }; fi`
    : `l=\${p%/*}/${SET_LIST}
if [ -f "$l" ] && grep -qxF -e "\${p##*/}" -- "$l"; then exit 0; fi
[ ! -e "$p" ] && [ ! -L "$p" ] || rm -f -- "$p"
for part in "$w" "$w".part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done`;
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
${remove}
${pruneScript([posix.dirname(path)])}`,
    { p: path, w: arrivalPath(path) },
  );
}

export function variables({ path, mode, owner, parentsMode }: Placement): Record<string, string> {
  const parents = Number.parseInt(parentsMode ?? (path.startsWith(`${OWN_ROOT}/`) ? "0700" : "0755"), 8);
  return {
    p: path,
    mode,
    owner: ownerArgument(owner),
    parents_umask: (0o777 & ~parents).toString(8).padStart(4, "0"),
  };
}

function ownerArgument(owner: string | undefined): string {
  return owner === undefined || owner === "root" ? "0:0" : owner;
}
