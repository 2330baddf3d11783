import { assignments, quote } from "../../remote/shell";
import { notDone, type SetupStep } from "./setup-step";

/** A git checkout at a branch or a commit. */
export interface Checkout {
  /** Name of the step, and of the bundle: `Megatron-LM.bundle`. */
  readonly name: string;
  readonly folder: string;
  /** Address, or path of a bundle. */
  readonly source: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

/** Shell that allows git in a folder that belongs to somebody else; once, however often it runs. */
export function safeDirectory(folder: string): string {
  const quoted = quote(folder);
  return `git config --global --get-all safe.directory | grep -qxF ${quoted} || git config --global --add safe.directory ${quoted}\n`;
}

/** Shell that fails unless git reads the folder's owner as safe. */
export function isSafeDirectory(folder: string): string {
  const reason = `git does not have ${folder} as safe.directory`;
  return `git config --global --get-all safe.directory | grep -qxF ${quote(folder)} || ${notDone(reason)}\n`;
}

/** Shell that sets `want` to the commit of `revision` as the checkout in `repo` knows it, without the network; fails if it does not. */
const FIND_COMMIT = `commit() { git -C "$repo" rev-parse -q --verify "$1^{commit}" 2>/dev/null; }
want=$(commit "refs/remotes/origin/$revision" || commit "$revision")`;

/** Clones if there is nothing, fetches if the revision is not known, checks it out. Changes of somebody's own are left alone. */
export function checkoutStep({ name, folder, source, revision }: Checkout): SetupStep {
  const variables = assignments({ repo: folder, revision });
  return {
    name,
    timeoutSeconds: 1800,
    check: `${variables}[ -e "$repo/.git" ] || ${notDone(`${folder} is no checkout`)}
${isSafeDirectory(folder)}${FIND_COMMIT} || ${notDone(`${folder} does not have ${revision}`)}
[ "$(git -C "$repo" rev-parse HEAD)" = "$want" ] || ${notDone(`${folder} is not at ${revision}`)}
`,
    apply: `set -eu
${variables}source=${quote(source)}
command -v git >/dev/null || { echo 'error: git is not installed; remedy: apt-get install -y git' >&2; exit 1; }
${safeDirectory(folder)}if [ ! -e "$repo/.git" ]; then
  mkdir -p "$repo"
  git -C "$repo" init -q
  git -C "$repo" remote add origin "$source"
fi
git -C "$repo" remote set-url origin "$source"
if [ -n "$(git -C "$repo" status --porcelain --untracked-files=no)" ]; then
  echo "error: $repo has changes of its own; remedy: git -C $repo stash" >&2
  exit 1
fi
${FIND_COMMIT} || {
  git -C "$repo" fetch -q --tags origin '+refs/heads/*:refs/remotes/origin/*'
  ${FIND_COMMIT.split("\n")[1]} || { echo "error: $source has no $revision" >&2; exit 1; }
}
git -C "$repo" checkout -q --detach "$want"
`,
  };
}

/** Where a repository comes from: its bundle in a folder, if there is one, else its address. */
export function repository(bundles: string | undefined, name: string, address: string): string {
  return bundles === undefined ? address : `${bundles}/${name}.bundle`;
}
