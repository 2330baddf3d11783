import { words } from "./text";

/** What the operator's machine tells a configuration. */
export interface ConfigSurroundings {
  readonly home: string;
  readonly localUser: string;
  readonly localUserId: number;
  /** With its domain, if it has one. */
  readonly localHost: string;
  variable(name: string): string | undefined;
}

/** A value that cannot be read: the text says why. */
export class BadValue extends Error {}

/** All words. @throws BadValue */
export function wordsOf(text: string): string[] {
  const found = words(text);
  if (!found) throw new BadValue("a quote is not closed");
  if (found.length === 0 || found.includes("")) throw new BadValue("it has no value");
  return found;
}

/** The one word that there must be. @throws BadValue */
export function wordOf(text: string): string {
  const [word = "", ...more] = wordsOf(text);
  if (more.length > 0) throw new BadValue(`there is more than one value: ${more.join(" ")}`);
  return word;
}

/** @throws BadValue */
export function flagOf(text: string): boolean {
  const word = wordOf(text).toLowerCase();
  if (word === "yes" || word === "true") return true;
  if (word === "no" || word === "false") return false;
  throw new BadValue(`${word} is neither yes nor no`);
}

/** @throws BadValue */
export function portOf(text: string): number {
  const word = wordOf(text);
  const port = Number(word);
  if (!/^\d+$/.test(word) || port < 1 || port > 65_535) throw new BadValue(`${word} is no port`);
  return port;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `90`, `1m30s`; undefined for `none`. @throws BadValue */
export function secondsOf(text: string): number | undefined {
  const word = wordOf(text).toLowerCase();
  if (word === "none") return undefined;
  if (!/^(\d+[smhdw]?)+$/.test(word)) throw new BadValue(`${word} is no time, such as 90 or 1m30s`);
  const parts = [...word.matchAll(/(\d+)([smhdw]?)/g)];
  return parts.reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (SECONDS[unit || "s"] ?? 1), 0);
}

/** Puts in the tokens (`%h`). @throws BadValue on one that is not among them */
export function expandTokens(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.?)/gu, (_, letter: string) => {
    const value = letter === "%" ? "%" : tokens[letter];
    if (value === undefined) throw new BadValue(`%${letter} is no token that can stand there`);
    return value;
  });
}

/** Puts in the operator's variables (`${NAME}`). @throws BadValue on one that is not set */
export function expandVariables(text: string, surroundings: ConfigSurroundings): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = surroundings.variable(name);
    if (value === undefined) throw new BadValue(`the variable ${name} is not set`);
    return value;
  });
}
