import { script } from "../../../../remote/shell";
import {
  FINISH,
  MAKE_PARENTS,
  variables as placementOf,
  REFUSE_LINKED_PARENTS,
  SET_LIST,
  temporaryStem,
} from "../file-script";
import { pruneScript } from "../prune";

/** Names of files are words for a shell: nothing in them has to be quoted. */
export const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

export interface SetChange {
  readonly folder: string;
  /** Of each file. */
  readonly mode: string;
  /** All names of the set. What an earlier list names beside them is removed. */
  readonly names: readonly string[];
  /** Standard input holds their contents, in this order. */
  readonly written: readonly { readonly name: string; readonly sizeBytes: number; readonly sha256: string }[];
  /** Their content is right, mode or owner is not. */
  readonly repaired: readonly string[];
}

/**
 * Puts files in place in one go, the list of the set last: into a new folder beside them, proven, then each takes its place by a rename, so that
 * whoever reads one sees the old or the new, and none is missing meanwhile.
 */
export function changeScript({ folder, mode, names, written, repaired }: SetChange): string {
  const list = `${folder}/${SET_LIST}`;
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
${MAKE_PARENTS}
umask 077
d=\${p%/*}
for old in "$d/$stem".????????; do [ ! -e "$old" ] || rm -rf -- "$old"; done
t=$(mktemp -d -- "$d/$stem.XXXXXXXX")
set -- $written
while [ $# -gt 0 ]; do
  if [ -d "$d/$2" ] && [ ! -L "$d/$2" ]; then rmdir -- "$d/$2" || exit 46; fi
  if [ "$1" = 0 ]; then : >"$t/$2"; else dd bs="$1" count=1 iflag=fullblock status=none of="$t/$2"; fi
  shift 2
done
if [ -n "$written" ]; then
  (cd -- "$t" && printf '%s\\n' "$sums" | sha256sum -c --status -) || { echo "not all bytes arrived" >&2; exit 45; }
  chown 0:0 -- "$t"/*
  chmod "$mode" -- "$t"/*
fi
if [ -n "$repaired" ]; then (cd -- "$d" && chown -h 0:0 -- $repaired && chmod "$mode" -- $repaired); fi
if [ -f "$p" ]; then
  while IFS= read -r name; do
    case " $names " in *" $name "*) continue ;; esac
    case $name in '' | .* | */*) continue ;; esac
    rm -f -- "$d/$name"
  done <"$p"
fi
printf '%s\\n' $names >"$t/${SET_LIST}"
set -- "$t/${SET_LIST}"
[ -z "$written" ] || set -- "$t"/* "$@"
mv -f -t "$d" -- "$@"
rmdir -- "$t"
t=`,
    {
      ...placementOf({ path: list, mode }),
      stem: temporaryStem(list),
      names: names.join(" "),
      repaired: repaired.join(" "),
      written: written.map(({ name, sizeBytes }) => `${sizeBytes} ${name}`).join(" "),
      sums: written.map(({ name, sha256 }) => `${sha256}  ${name}`).join("\n"),
    },
  );
}

/** Removes the files of the list and those that are named, and then the folders of muster's own that this leaves empty. */
export function removeScript(folder: string, names: readonly string[]): string {
  return script(
    `${FINISH}
${REFUSE_LINKED_PARENTS}
d=\${p%/*}
if [ -d "$d" ]; then
  cd -- "$d"
  [ ! -f "$p" ] || while IFS= read -r name; do
    case $name in '' | .* | */*) ;; *) names="$names $name" ;; esac
  done <"$p"
  rm -f -- $names "$p"
  rm -rf -- "$d/$stem".????????
  cd /
fi
${pruneScript([folder])}`,
    { p: `${folder}/${SET_LIST}`, stem: temporaryStem(`${folder}/${SET_LIST}`), names: names.join(" ") },
  );
}
