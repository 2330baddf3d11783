import type { CommandResult } from "../../../remote/runner";
import { command, quote } from "../../../remote/shell";
import { MAKE_PARENTS, type Placement, placementVariables, refuseLinkedParents } from "./file-script";

/** One small change of a host. */
export type Change =
  /** A script that reads nothing. */
  | { readonly script: string }
  /** A file, written as `writeScript` does it. */
  | { readonly placement: Placement; readonly content: Buffer };

/**
 * One script for changes that go to a host together, and its standard input: the contents one after the other, each followed by the
 * mark in a line of its own. dd takes exactly the bytes of one content, also when its file cannot be written, and the mark behind
 * proves that it came whole: nothing needs to be counted again. Each change answers with a frame on both outputs, as in
 * `composeBatch` of remote/batch.ts. The exit code is that of the last change that failed.
 *
 * @param mark random; in no output
 */
export function composeChanges(changes: readonly Change[], mark: string): { script: string; stdin: Buffer } {
  const end = Buffer.from(`${mark}\n`);
  const contents = changes.flatMap(change => ("script" in change ? [] : [change.content, end]));
  const steps = changes.map(change => ("script" in change ? run(change.script) : put(change, mark)));
  const body = steps.map(step => `${step}\nanswer $?\n`).join("");
  return { script: `mark=${quote(mark)}\n${PRELUDE}\n${body}exit "$worst"\n`, stdin: Buffer.concat(contents) };
}

function run(text: string): string {
  return `( set +C; umask "$usual"; eval ${quote(text)} ) </dev/null`;
}

function put({ placement, content }: Extract<Change, { content: Buffer }>, mark: string): string {
  const { p, mode, owner, parents_umask } = placementVariables(placement);
  const beside = `${p.slice(0, p.lastIndexOf("/"))}/.muster.${mark.slice(0, 12)}`;
  return command(["put", p, beside, String(content.length), mode, owner, parents_umask]);
}

/** Few processes: on a host that gets many files they are most of the cost. */
const PRELUDE = `worst=0
t=
me=$(id -u):$(id -g)
usual=$(umask)
umask 077
# A new file and no other: with noclobber the shell opens it exclusively.
set -C
trap '[ -z "$t" ] || rm -f -- "$t"' EXIT
trap 'exit 143' HUP INT TERM
answer() {
  [ "$1" = 0 ] || worst=$1
  printf '%s:%s\\n' "$mark" "$1"
  printf '%s:%s\\n' "$mark" "$1" >&2
}
take() {
  [ "$1" = 0 ] || dd bs="$1" count=1 iflag=fullblock status=none
}
ready() {
${refuseLinkedParents("return")}
${MAKE_PARENTS}
}
finish() {
  d=\${p%/*}/
  # Of a set-group-ID folder a new file gets the group.
  if [ "$owner" != "$me" ] || [ -g "$d" ]; then chown -- "$owner" "$t" || return; fi
  chmod -- "$mode" "$t" && mv -fT -- "$t" "$p"
}
put() {
  p=$1 t=$2 mode=$4 owner=$5 parents_umask=$6
  if ready && true >"$t"; then take "$3" >>"$t"; c=$?; else c=$?; t=; take "$3" >/dev/null; fi
  IFS= read -r e
  if [ "$e" != "$mark" ]; then echo "the content did not arrive whole" >&2; exit 45; fi
  if [ "$c" = 0 ]; then finish; c=$?; fi
  if [ "$c" != 0 ] && [ -n "$t" ]; then rm -f -- "$t"; fi
  t=
  return "$c"
}`;

/** What each change answered; undefined for those that did not come to it. */
export function parseChanges(result: CommandResult, mark: string, count: number): (CommandResult | undefined)[] {
  const out = frames(result.stdout, mark);
  const err = frames(result.stderr, mark);
  return Array.from({ length: count }, (_, index) => {
    const [own, said] = [out[index], err[index]];
    return own && said && { exitCode: own.code, stdout: own.text, stderr: said.text };
  });
}

function frames(output: string, mark: string): { text: string; code: number }[] {
  return [...output.matchAll(new RegExp(`([\\s\\S]*?)${mark}:(\\d+)\\n`, "g"))].map(([, text = "", code]) => ({
    text,
    code: Number(code),
  }));
}
