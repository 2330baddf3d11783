/**
 * How a script gets onto a host: nothing of it stands on a command line. The ssh command is one constant that sh, bash, zsh, fish
 * and csh all read alike; it makes a /bin/sh that takes its orders, one line each, from standard input.
 */
import type { AccessMode } from "./access";

const OBEY_NEXT_LINE = `IFS= read -r s; eval "$s"`;

/** The command of every ssh session. No quote, backslash, newline or `!` inside the quotes: fish and csh treat those in their own ways. */
export const SESSION_COMMAND = `exec /bin/sh -c '${OBEY_NEXT_LINE}'`;

export interface Preamble {
  /** Sent at once. */
  readonly opening: string;
  /** Sent after `waitFor` was seen on standard error; all of it at once when that is undefined. */
  readonly rest: string;
  readonly waitFor?: string;
}

export interface PreambleOptions {
  /** Random; a line of it on both outputs marks where the script's own output begins. */
  readonly nonce: string;
  readonly access: AccessMode;
  /** Needed when access is "password". */
  readonly sudoPassword?: string;
  /** Whether standard input goes on after the script, for the script to read. */
  readonly payload: boolean;
}

/**
 * The lines that come before the payload. The shell first becomes root if it must, then leader of a process group of its own
 * (in OpenSSH it already is; a login shell in between or sudo changes that), tells its process id, then runs the script.
 */
export function preamble(script: string, options: PreambleOptions): Preamble {
  const { nonce, access } = options;
  const begin = [becomeLeader(), options.payload ? runEncoded(nonce) : runRest(nonce)];
  const body = options.payload ? `${Buffer.from(script).toString("base64")}\n` : script;
  const rest = `${begin.join("\n")}\n${body}`;
  if (access === "passwordless")
    return { opening: "", rest: `exec sudo -n -- /bin/sh -c '${OBEY_NEXT_LINE}'\n${rest}` };
  if (access === "password") {
    return {
      opening: `${sudoWithPassword(nonce)}\n${options.sudoPassword ?? ""}\n`,
      waitFor: sudoMark(nonce),
      rest: `${nonce}\n${rest}`,
    };
  }
  return { opening: "", rest };
}

/** On standard error when sudo has let us in. */
export function sudoMark(nonce: string): string {
  return `${nonce}.sudo\n`;
}

/**
 * -k: the password is asked for although sudo may remember us, so that it is always the next line that sudo eats. Where the sudoers say
 * NOPASSWD it eats none: then the loop skips the password, which must never be run.
 */
function sudoWithPassword(nonce: string): string {
  const obey = `unset LC_ALL; echo ${nonce}.sudo >&2; while IFS= read -r s && [ "$s" != ${nonce} ]; do :; done; ${OBEY_NEXT_LINE}`;
  return `LC_ALL=C; export LC_ALL; exec sudo -k -S -p '' -- /bin/sh -c '${obey}'`;
}

function becomeLeader(): string {
  return [
    "IFS= read -r a </proc/$$/stat",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell's, not ours
    "set -- ${a##*) }",
    `[ "$3" = $$ ] || exec setsid /bin/sh -c '${OBEY_NEXT_LINE}'`,
    OBEY_NEXT_LINE,
  ].join("; ");
}

function announce(nonce: string): string {
  return `echo ${nonce}; echo ${nonce} $$ >&2; set --; unset a s`;
}

/** The script is all the rest of standard input. */
function runRest(nonce: string): string {
  return `${announce(nonce)}; eval "$(cat)"`;
}

/** The script is one more line, so that what follows is left for the script. `read` takes no byte more than its line. */
function runEncoded(nonce: string): string {
  return `${announce(nonce)}; IFS= read -r s; s=$(printf %s "$s" | base64 -d) || exit 127; eval "$s"`;
}

/**
 * Ends a process group: asks, waits two seconds, forces. Exit code 1 when it is still there after five more.
 * The dead count as gone: in a container without a proper init nobody may ever fetch them.
 */
export function killGroupScript(pid: number): string {
  return `left() {
  kill -s 0 -- -${pid} 2>/dev/null && cat /proc/[0-9]*/stat 2>/dev/null | grep -q ') [^ZX] [0-9]* ${pid} '
}
kill -s TERM -- -${pid} 2>/dev/null || exit 0
i=0
while left; do
  [ $i -ne 40 ] || kill -s KILL -- -${pid} 2>/dev/null
  [ $i -lt 140 ] || exit 1
  i=$((i + 1))
  sleep 0.05
done
`;
}
