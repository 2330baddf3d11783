import { quote } from "./shell";

/** The stack that manages a host: by whom it is known, and what people call it. */
export interface StackIdentity {
  /** The same in every run of the stack, and no other stack's. */
  readonly id: string;
  /** `stack dev of project muster, by alice@ws3 in /home/alice/infra`. One line. */
  readonly description: string;
}

/** What a host says about the stack that manages it. */
export interface Ownership {
  /** Folder on the hosts that holds all that the stack keeps there. */
  readonly folder: string;
  readonly stack: StackIdentity;
  /** Hosts that the operator takes over from another stack, by name. */
  takesOver(host: string): boolean;
}

/** Exit code of a change that did not begin, because the host is another stack's. */
export const FOREIGN_EXIT_CODE = 76;

/**
 * Comes before a change. Two stacks that manage one host would undo each other's work for ever, each in good faith: keys, files and
 * containers of one are drift to the other. So the first one leaves its stamp in the folder, and the other is refused.
 * No folder, no stamp: what is the first to be made there, or is done after all is removed, leaves none behind.
 */
export function ownershipGuard({ folder, stack }: Ownership, takeOver: boolean): string {
  const write = `(umask 077; printf '%s\\n' ${quote(stack.id)} ${quote(stack.description)} >"$o.$$" && ${
    takeOver ? 'mv -f "$o.$$" "$o"' : '{ ln "$o.$$" "$o" 2>/dev/null; rm -f "$o.$$"; }'
  })`;
  const check = `{ IFS= read -r a; IFS= read -r b; } 2>/dev/null <"$o"; [ "$a" = ${quote(stack.id)} ]`;
  return `o=${quote(`${folder}/owner`)} a='' b=''
if [ -d ${quote(folder)} ] && ! { ${check}; }; then
  ${takeOver ? "" : '[ -e "$o" ] || '}${write} || exit 1
  ${check} || { printf '%s\\n' "$b" >&2; exit ${FOREIGN_EXIT_CODE}; }
fi
unset o a b
`;
}

/** Asks which stack a host belongs to: its two lines, or nothing. */
export function ownerQuery(folder: string): string {
  return `cat ${quote(`${folder}/owner`)} 2>/dev/null; exit 0`;
}

/** The description of the other stack that a host belongs to; undefined if it is this one's, or nobody's. */
export function foreignOwner(answer: string, own: StackIdentity | undefined): string | undefined {
  const [id, description = ""] = answer.split("\n");
  return id && id !== own?.id ? description : undefined;
}
