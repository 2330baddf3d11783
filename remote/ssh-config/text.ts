/** Where something stands in an ssh_config file. */
export interface ConfigPlace {
  readonly file: string;
  readonly line: number;
}

/** One line of an ssh_config file that says something. */
export interface ConfigLine extends ConfigPlace {
  /** In lower case. */
  readonly keyword: string;
  /** What follows the keyword, as it stands there. */
  readonly text: string;
}

/** The lines of an ssh_config(5) file, without empty ones and comments. Nothing is judged yet. */
export function configLines(text: string, file: string): ConfigLine[] {
  return text.split("\n").flatMap((raw, index) => {
    const line = raw.replace(/[ \t\r\f]+$/, "").replace(/^[ \t\r]+/, "");
    if (line === "" || line.startsWith("#")) return [];
    // One equals sign may stand between keyword and value (misc.c, strdelim).
    const [, keyword = "", rest = ""] = /^([^ \t\r="]*)[ \t\r]*=?[ \t\r]*(.*)$/.exec(line) ?? [];
    return [{ keyword: keyword.toLowerCase(), text: rest, file, line: index + 1 }];
  });
}

/**
 * The words of a value: quotes of both kinds, backslashes, a comment at the end (misc.c, argv_split of OpenSSH 9.2).
 * Undefined when a quote is not closed.
 */
export function words(text: string): string[] | undefined {
  const found: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === " " || text[at] === "\t") at++;
    if (at >= text.length || text[at] === "#") return found;
    const word = wordAt(text, at);
    if (!word) return undefined;
    found.push(word.text);
    at = word.end;
  }
}

function wordAt(text: string, start: number): { readonly text: string; readonly end: number } | undefined {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const letter = text.charAt(at);
    const next = text.charAt(at + 1);
    if (letter === "\\" && next !== "" && (`'"\\`.includes(next) || (quote === "" && next === " "))) {
      word += next;
      at++;
    } else if (quote === "" && (letter === " " || letter === "\t")) break;
    else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === quote) quote = "";
    else word += letter;
  }
  return quote === "" ? { text: word, end: at } : undefined;
}

/** The words of a Match line, which is split in an older way: double quotes only, and an equals sign parts words (misc.c, strdelim). */
export function matchWords(text: string): string[] | undefined {
  const found: string[] = [];
  let rest = text;
  while (rest !== "") {
    const [, before = "", ending = ""] = /^([^"= \t\r]*)(["= \t\r]?)/.exec(rest) ?? [];
    rest = rest.slice(before.length + ending.length);
    if (ending === '"') {
      const close = rest.indexOf('"');
      if (close < 0) return undefined;
      found.push(before + rest.slice(0, close));
      rest = rest.slice(close + 1).replace(/^[ \t\r]+/, "");
    } else {
      found.push(before);
      rest = rest.replace(/^[ \t\r]+/, "");
      if (ending !== "=") rest = rest.replace(/^=[ \t\r]*/, "");
    }
    // An empty word or a comment ends the line.
    const last = found.at(-1) ?? "";
    if (last === "" || last.startsWith("#")) return found.slice(0, -1);
  }
  return found;
}
