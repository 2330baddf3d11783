import { type JsonMap, own } from "./json";

/** How a row holds its conversation: the loader chooses one way for the whole file. */
export type Layout = "messages" | "alpaca" | "query";

/** Columns that are read as another (ms-swift, preprocessor/core.py, the same in 3.7.1 and 4.6.0). Upper case counts as lower. */
const aliases = {
  messages: ["messages", "conversation", "conversations"],
  system: ["system", "system_prompt"],
  query: ["query", "prompt", "input", "instruction", "question", "problem"],
  response: [
    "response",
    "answer",
    "output",
    "targets",
    "target",
    "answer_key",
    "answers",
    "solution",
    "text",
    "completion",
    "content",
  ],
  images: ["images", "image"],
  videos: ["videos", "video"],
  audios: ["audios", "audio"],
} as const;
type Column = keyof typeof aliases;

/** The layout that the loader would choose if all rows were like this one. */
export function layoutOf(row: JsonMap): Layout {
  // Exact names here, unlike in the table above: that is how the loader chooses.
  if (aliases.messages.some(name => Object.hasOwn(row, name))) return "messages";
  return Object.hasOwn(row, "instruction") && Object.hasOwn(row, "input") ? "alpaca" : "query";
}

export interface FoundColumn {
  /** As the row spells it. */
  readonly name: string;
  readonly value: unknown;
}

/** A column under any of its names. Where several of them stand none is renamed: only the right one counts. */
export function columnOf(row: JsonMap, column: Column): FoundColumn | undefined {
  const names = Object.keys(row).filter(name => aliases[column].some(alias => alias === name.toLowerCase()));
  const name = names.length === 1 ? names[0] : names.find(each => each === column);
  return name === undefined ? undefined : { name, value: own(row, name) };
}

/** Names of one column that stand side by side, so that none of them is read; empty if there is no such trouble. */
export function rivals(row: JsonMap, column: Column): readonly string[] {
  const names = Object.keys(row).filter(name => aliases[column].some(alias => alias === name.toLowerCase()));
  return names.length > 1 && !names.includes(column) ? names : [];
}
