import { error, type RowFault } from "./fault";

/** An object or a list that is open at a place of the text. */
interface Open {
  /** Of an object: its keys so far. Undefined: a list. */
  readonly keys?: Set<string>;
  /** The key or the index at hand. */
  at: string | number;
}

/**
 * Keys that stand twice in one object of a row. The loader refuses the whole .jsonl file for one of them, at any depth ("Column(/a) was
 * specified twice in row 0": pyarrow under datasets 3.3.2, seen); of a list in a .json file the last one counts without a word.
 * `text`: JSON that has been read once, so it is known to be right.
 */
export function repeatedKeys(text: string): RowFault[] {
  const faults: RowFault[] = [];
  const open: Open[] = [];
  for (let i = 0; i < text.length; i++) {
    const inner = open.at(-1);
    switch (text[i]) {
      case "{":
        open.push({ keys: new Set(), at: "" });
        break;
      case "[":
        open.push({ at: 0 });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (inner) inner.at = typeof inner.at === "number" ? inner.at + 1 : "";
        break;
      case '"': {
        const end = endOfText(text, i);
        // Of an object the first text behind `{` or a comma is a key.
        if (inner?.keys && inner.at === "") {
          inner.at = JSON.parse(text.slice(i, end + 1)) as string;
          if (inner.keys.has(inner.at)) faults.push(twice(open, inner.at));
          inner.keys.add(inner.at);
        }
        i = end;
      }
    }
  }
  return faults;
}

/** Index of the quote that ends the text which begins at `start`. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function twice(open: readonly Open[], key: string): RowFault {
  const field = open.map(({ at }, i) => (typeof at === "number" ? `[${at}]` : `${i > 0 ? "." : ""}${at}`)).join("");
  return error(field, `the key ${JSON.stringify(key.slice(0, 40))} stands twice in one object`, "leave one of them");
}
