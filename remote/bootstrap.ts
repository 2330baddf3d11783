/**
 * How a script gets onto a host: nothing of it stands on a command line. The ssh command is one constant that sh, bash, zsh, fish
 * and csh all read alike; it makes a /bin/sh that takes its orders, one line each, from standard input.
 */
import type { AccessMode } from "./access";
import { quote } from "./shell";

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
  /** What standard input is after the script. Nothing: it ends with the script. */
  readonly after?: AfterScript;
}

/**
 * `payload`: data for the script to read.
 * `lifeline`: nothing; it only stays open. When it closes before the script ended (the operator or the connection died), or after
 * `limitSeconds`, the host itself ends the script's process group: nothing goes on that nobody waits for.
 */
export type AfterScript = { readonly kind: "payload" } | { readonly kind: "lifeline"; readonly limitSeconds: number };

/**
 * The lines that come before the payload. The shell first becomes root if it must, then leader of a process group of its own
 * (in OpenSSH it already is; a login shell in between or sudo changes that), tells its process id, then runs the script.
 */
export function preamble(script: string, options: PreambleOptions): Preamble {
  const { nonce, access } = options;
  const begin = [becomeLeader(), runLine(options)];
  const body = options.after ? `${Buffer.from(script).toString("base64")}\n` : script;
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

/** One process for ever: its id, its start in clock ticks after boot, and the boot's id. Process ids come back. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
}

/** What the shell says of itself on standard error, after the nonce. */
export function parseProcessIdentity(line: string): ProcessIdentity {
  const [pid = "", startTicks = "", bootId = ""] = line.split(" ");
  return { pid: Number(pid), startTicks, bootId };
}

function announce(nonce: string): string {
  return [
    "IFS= read -r a </proc/$$/stat",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell's, not ours
    "set -- ${a##*) }",
    "IFS= read -r b </proc/sys/kernel/random/boot_id",
    `echo ${nonce}`,
    `echo ${nonce} $$ "\${20}" "$b" >&2`,
    "set --",
    "unset a b s",
  ].join("; ");
}

function runLine({ nonce, after }: PreambleOptions): string {
  // The script is all the rest of standard input.
  if (!after) return `${announce(nonce)}; eval "$(cat)"`;
  // The script is one more line, so that what follows is left. `read` takes no byte more than its line, and fails where that was cut off.
  const decode = `IFS= read -r s || exit 127; s=$(printf %s "$s" | base64 -d) || exit 127`;
  const lifeline = after.kind === "lifeline" ? `; ${holdLifeline(after.limitSeconds)}` : "";
  return `${announce(nonce)}; ${decode}${lifeline}; eval "$s"`;
}

/** Watches in a session of its own, so that it survives what it ends. A background process of sh would read /dev/null as descriptor 0. */
function holdLifeline(limitSeconds: number): string {
  const watch = [
    `if command -v timeout >/dev/null; then timeout "$2" cat >/dev/null; else cat >/dev/null; fi`,
    `kill -s TERM -- "-$1" || exit 0`,
    "i=0",
    `while kill -s 0 -- "-$1" && [ $i -lt 40 ]; do i=$((i + 1)); sleep 0.05; done`,
    `kill -s KILL -- "-$1"`,
  ].join("; ");
  return `exec 9<&0 </dev/null; setsid /bin/sh -c '${watch}' muster-lifeline $$ ${Math.ceil(limitSeconds)} <&9 9<&- >/dev/null 2>&1 & exec 9<&-`;
}

/** Ends what a process identified earlier has left of its group, and nothing else. */
export function killLeftoverScript({ pid, startTicks, bootId }: ProcessIdentity): string {
  return `[ "$(cat /proc/sys/kernel/random/boot_id)" = ${quote(bootId)} ] || exit 0
if read -r a 2>/dev/null </proc/${pid}/stat; then
  set -- \${a##*) }
  [ "\${20}" = ${quote(startTicks)} ] || exit 0
fi
${killGroupScript(pid)}`;
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
