import type { ArgumentShape } from "../../recipes/ms-swift/argument-list";
import { nearest } from "../nearest";
import type { ArgumentValue } from "../schema/values";

/** Why the parser refuses a value, and what to write. Undefined: it takes it. */
export function valueFault(
  value: ArgumentValue,
  shape: ArgumentShape,
): { readonly expected: string; readonly remedy: string } | undefined {
  const words = Array.isArray(value) ? value.map(String) : [String(value)];
  const isList = shape.type === "list";
  const { choices } = shape;
  const odd = choices && words.find(word => !choices.includes(word));
  if (choices && odd !== undefined) {
    return { expected: `one of ${choices.join(", ")}`, remedy: `write ${nearest(odd, choices) ?? choices[0]}` };
  }
  if (isList && words.length === 0) return { expected: "at least one word", remedy: "remove it, or write a word" };
  // One word can stand behind the name and `=`; of several none can.
  const dashed = words.length > 1 && words.find(word => /^-(?!(\d+|\d*\.\d+)$)/.test(word));
  if (dashed) return { expected: "words that do not begin with a dash", remedy: `remove ${dashed}` };
  const single = isList ? (shape.items ?? "text") : shape.type;
  const expected =
    Array.isArray(value) && !isList ? oneOf(single) : words.map(word => fault(single, word)).find(Boolean);
  return expected === undefined ? undefined : { expected, remedy: `write ${expected}` };
}

function oneOf(type: ArgumentShape["type"]): string {
  const what = { bool: "true or false", int: "one whole number", float: "one number", json: "one JSON text" } as const;
  return type === "text" || type === "list" ? "one value" : what[type];
}

/** What transformers' parser takes for a type (HfArgumentParser: string_to_bool, int, float). */
function fault(type: ArgumentShape["type"], word: string): string | undefined {
  switch (type) {
    case "bool":
      return /^(true|false|yes|no|t|f|y|n|1|0)$/i.test(word) ? undefined : "true or false";
    case "int":
      return /^[+-]?\d+$/.test(word) ? undefined : "a whole number";
    case "float":
      return word.trim() !== "" && Number.isFinite(Number(word)) ? undefined : "a number";
    case "json":
      return /^\s*[{[]/.test(word) && !isJson(word) ? "a JSON text, or the path of a file" : undefined;
    default:
      return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
