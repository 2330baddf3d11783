/** How words are marked. The plain style marks nothing, so that a pipe and a golden file hold text only. */
export interface Style {
  good(text: string): string;
  change(text: string): string;
  replace(text: string): string;
  bad(text: string): string;
  info(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

const same = (text: string): string => text;

export const plainStyle: Style = {
  good: same,
  change: same,
  replace: same,
  bad: same,
  info: same,
  faint: same,
  strong: same,
};

const sgr =
  (code: number) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${code}m${text}\u001b[0m`;

export const colourStyle: Style = {
  good: sgr(32),
  change: sgr(33),
  replace: sgr(35),
  bad: sgr(31),
  info: sgr(36),
  faint: sgr(2),
  strong: sgr(1),
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text of a host or a program, made harmless: it must not move the cursor or colour our lines. Keeps tabs and line ends. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(escapes, "").replace(controls, "");
}
