import type { ArgumentValue } from "../config/schema/values";

/** Arguments by upstream name, in the order in which they are written. Undefined ones are left out. */
export type ArgumentMap = Readonly<Record<string, ArgumentValue | undefined>>;

/**
 * `--name value` for parsers of Python dataclasses (ms-swift): true and false are words, a list is several words.
 * What stands in `own` replaces what the recipe chose.
 */
export function renderArguments(chosen: ArgumentMap, own: ArgumentMap): string[] {
  return Object.entries(merged(chosen, underscored(own))).flatMap(([name, value]) =>
    value === undefined ? [] : option(name, words(value)),
  );
}

/** argparse takes a word that begins with a dash for an option (`-1e-7` too), unless it stands behind the name and `=`. */
function option(name: string, given: readonly string[]): string[] {
  const [word] = given;
  return given.length === 1 && word?.startsWith("-") ? [`--${name}=${word}`] : [`--${name}`, ...given];
}

/** `--name` alone for true and nothing for false, for parsers of servers (vLLM, SGLang); names with hyphens. */
export function renderFlags(chosen: ArgumentMap, own: ArgumentMap): string[] {
  return Object.entries(merged(hyphenated(chosen), hyphenated(own))).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, ...words(value)];
  });
}

function underscored(map: ArgumentMap): ArgumentMap {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name.replaceAll("-", "_"), value]));
}

function hyphenated(map: ArgumentMap): ArgumentMap {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name.replaceAll("_", "-"), value]));
}

function merged(chosen: ArgumentMap, own: ArgumentMap): ArgumentMap {
  return { ...chosen, ...own };
}

function words(value: ArgumentValue): string[] {
  return Array.isArray(value) ? value.map(numberText) : [numberText(value)];
}

/** 0.00001 is written 1e-5, as people write learning rates; other numbers as they are. */
function numberText(value: string | number | boolean): string {
  if (typeof value !== "number") return String(value);
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
