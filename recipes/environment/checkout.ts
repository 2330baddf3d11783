import { quote } from "../../remote/shell";
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

/** git, for a folder that may belong to somebody else: root's git refuses that without safe.directory. */
function git(folder: string): string {
  return `git -c safe.directory=${quote(folder)} -C ${quote(folder)}`;
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

/** Shell that prints the commit of the revision as the checkout knows it, without the network. */
function wantedCommit({ folder, revision }: Checkout): string {
  const at = (name: string): string => `${git(folder)} rev-parse -q --verify ${quote(`${name}^{commit}`)} 2>/dev/null`;
  return `${at(`refs/remotes/origin/${revision}`)} || ${at(revision)}`;
}

/** Clones if there is nothing, fetches if the revision is not known, checks it out. Changes of somebody's own are left alone. */
export function checkoutStep(checkout: Checkout): SetupStep {
  const { name, folder, source, revision } = checkout;
  const here = git(folder);
  const wanted = wantedCommit(checkout);
  const check = `[ -e ${quote(`${folder}/.git`)} ] || ${notDone(`${folder} is no checkout`)}
want=$(${wanted}) || ${notDone(`${folder} does not have ${revision}`)}
[ "$(${here} rev-parse HEAD)" = "$want" ] || ${notDone(`${folder} is not at ${revision}`)}
${isSafeDirectory(folder)}`;
  const dirty = `${folder} has changes of its own`;
  const apply = `command -v git >/dev/null || { echo 'error: git is not installed; remedy: apt-get install -y git' >&2; exit 1; }
${safeDirectory(folder)}if [ ! -e ${quote(`${folder}/.git`)} ]; then
  mkdir -p ${quote(folder)}
  ${here} init -q
  ${here} remote add origin ${quote(source)}
fi
${here} remote set-url origin ${quote(source)}
if [ -n "$(${here} status --porcelain --untracked-files=no)" ]; then
  echo ${quote(`error: ${dirty}; remedy: commit them elsewhere, or git -C ${folder} stash`)} >&2
  exit 1
fi
want=$(${wanted}) || {
  ${here} fetch -q --tags origin '+refs/heads/*:refs/remotes/origin/*' || exit 1
  want=$(${wanted}) || { echo ${quote(`error: ${source} has no ${revision}`)} >&2; exit 1; }
}
${here} checkout -q --detach "$want"
`;
  return { name, check, apply: `set -eu\n${apply}`, timeoutSeconds: 1800 };
}

/** Where a repository comes from: its bundle in a folder, if there is one, else its address. */
export function repository(bundles: string | undefined, name: string, address: string): string {
  return bundles === undefined ? address : `${bundles}/${name}.bundle`;
}
