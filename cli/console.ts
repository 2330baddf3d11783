import type { Screen } from "../engine/display/run-display";

/** Where a command reads and writes: the process, or a test's stand-in. */
export interface Console {
  readonly out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };
  readonly err: NodeJS.WritableStream;
  readonly input: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export function processConsole(): Console {
  return { out: process.stdout, err: process.stderr, input: process.stdin, env: process.env, cwd: process.cwd() };
}

/** Somebody can be asked: both ends are a terminal, and nothing says otherwise. */
export function isInteractive(console: Console, nonInteractive: boolean): boolean {
  return console.input.isTTY === true && console.out.isTTY === true && !nonInteractive;
}

export type ColourChoice = "auto" | "always" | "never" | "raw";

/** Colours only on a terminal that can show them; NO_COLOR (https://no-color.org) turns them off. */
export function screenOf(console: Console, choice: ColourChoice = "auto"): Screen {
  const { out, env } = console;
  const terminal = out.isTTY === true && env.TERM !== "dumb";
  const wanted = choice === "always" || (choice === "auto" && terminal && !env.NO_COLOR);
  return {
    live: terminal,
    colours: wanted,
    write: text => out.write(text),
    size: () => ({ columns: out.columns ?? 80, rows: out.rows ?? 24 }),
  };
}

export function printLine(console: Console, text: string): void {
  console.out.write(`${text}\n`);
}

/** Seconds since 1970 as stock prints times: `2026-11-23T19:43:53.000Z`. */
export function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

/** Tables of words: columns as wide as their widest cell, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
