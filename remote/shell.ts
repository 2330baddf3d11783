const SAFE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Quotes one argument for a POSIX sh, so that it stays one argument with exactly these bytes. A script is sent as UTF-8, so what it
 * says is text: bytes that are no UTF-8 (file names of old systems) cannot be said in it.
 * @throws Error on a NUL byte: no argument can hold one.
 */
export function quote(argument: string): string {
  if (argument.includes("\0")) throw new Error("an argument of a command cannot hold a NUL byte");
  return SAFE.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** An argv as text that sh reads back as the same argv. */
export function command(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}

/** `NAME='value'` lines. @throws Error on a name that sh would not take. */
export function assignments(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`"${name}" is not a name of a shell variable`);
      return `${name}=${quote(value)}\n`;
    })
    .join("");
}

/** A script that stops at the first failing line or unset variable. Variables come first. */
export function script(body: string, variables: Readonly<Record<string, string>> = {}): string {
  return `set -eu\n${assignments(variables)}${body}\n`;
}
