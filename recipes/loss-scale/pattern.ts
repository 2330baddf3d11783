/** What is surely wrong with a regex. */
export interface PatternFault {
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/**
 * What is surely wrong with a regex of Python's, without Python: brackets that do not match, nothing to repeat, a lone backslash; and
 * groups that capture, because ms-swift splits by the regex and the captured text would stand twice.
 */
export function faultOf(pattern: string): PatternFault | undefined {
  let depth = 0;
  let before = "";
  for (const part of pattern.match(parts) ?? []) {
    if (part === ")" && depth === 0) return problem(") without (", "brackets that match", "write \\) for a bracket");
    const fault = loneSign(part) ?? nothingToRepeat(part, before);
    if (fault) return fault;
    if (part.startsWith("(")) depth++;
    if (part === ")") depth--;
    before = part;
  }
  return depth > 0 ? problem("( without )", "brackets that match", "write \\( for a bracket") : undefined;
}

/** An escaped sign, a set (a ] that stands first in it is a sign of its own), the beginning of a group with its kind, or one sign. */
const parts = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P<|<[=!]|[^)]))?|./gs;

function loneSign(part: string): PatternFault | undefined {
  if (part === "\\") return problem("a backslash at the end", "a sign behind it", "write \\\\ for a backslash");
  if (part === "[") return problem("[ without ]", "a set that ends", "write \\[ for a bracket");
  if (part !== "(" && part !== "(?P<") return undefined;
  const expected = "none: the text is split by the regex, and what a group holds would stand twice";
  return problem("a group that captures", expected, "write (?:…) for (…)");
}

function nothingToRepeat(part: string, before: string): PatternFault | undefined {
  if (!["*", "+", "?"].includes(part) || !(before === "" || before === "|" || before.startsWith("("))) return undefined;
  return problem(`${part} with nothing to repeat`, "something in front of it", `write \\${part} for the sign itself`);
}

/** Why the regex may be wrong: what is no regex here either, as far as the two languages agree. */
export function doubtOf(pattern: string): string | undefined {
  try {
    compiled(pattern);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message.replace(/^.*: /s, "") : "it cannot be read";
  }
}

/** Whether it finds the empty text. */
export function patternMatchesNothing(pattern: string): boolean {
  try {
    return compiled(pattern).test("");
  } catch {
    return false;
  }
}

/** With Python's own signs put as JavaScript has them; the dot takes line breaks, as ms-swift compiles it. */
function compiled(pattern: string): RegExp {
  const text = pattern
    .replace(/^\(\?[aiLmsux]+\)/, "")
    .replace(/\(\?#[^)]*\)/g, "")
    .replace(/\\A/g, "^")
    .replace(/\\Z/g, "$");
  return new RegExp(text, "s");
}

function problem(found: string, expected: string, remedy: string): PatternFault {
  return { found, expected, remedy };
}
