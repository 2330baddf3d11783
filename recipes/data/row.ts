import { checkContents } from "./calls";
import { type Layout, layoutOf } from "./columns";
import { error, type RowFault } from "./fault";
import { type Format, formatOf } from "./format";
import { isMap, type JsonMap, own, textOf } from "./json";
import { type MediaCounts, readMedia } from "./media";
import { type Role, readMessages } from "./messages";
import { checkOrder } from "./order";
import { checkPreference, hasRejected, kindOfRow, type RowKind } from "./preference";
import { repeatedKeys } from "./repeated-keys";
import { estimatedTokens, tokensAroundMessage } from "./tokens";
import { readTools } from "./tools";

export type { RowFault } from "./fault";

export interface RowFacts {
  readonly faults: readonly RowFault[];
  /** Roles after normalisation, in order. */
  readonly roles: readonly Role[];
  readonly toolCount: number;
  /** Names of the tools that are called, once for each call. */
  readonly called: readonly string[];
  /** Absent if the line is no JSON object. */
  readonly row?: JsonMap;
  readonly layout?: Layout;
  readonly kind?: RowKind;
  readonly isPair: boolean;
  readonly media: MediaCounts;
  /** Characters of all that is trained on: messages and tools. */
  readonly characters: number;
  /** By the rule of tokens.ts. */
  readonly tokens: number;
}

const nothing = {
  roles: [],
  toolCount: 0,
  called: [],
  isPair: false,
  media: { images: 0, videos: 0, audios: 0 },
  characters: 0,
  tokens: 0,
} as const;

/**
 * Checks one line of a jsonl file by the rules of ms-swift's loader and agent templates, and by the tool-calling format, which is
 * stricter. Takes any text.
 */
export function checkRow(line: string, format: Format = formatOf({})): RowFacts {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/,? ?"?\.{3}.*$/s, "") : "not JSON";
    return broken(`not JSON: ${reason}`, "write one JSON object a line, without line breaks in it");
  }
  if (!isMap(value)) return broken("not a JSON object", 'write {"messages": […]}');
  const facts = checkObject(value, format);
  return { ...facts, faults: [...repeatedKeys(line), ...facts.faults] };
}

/** Checks a line of a text file, which the loader reads as an answer without a question. */
export function checkTextRow(line: string, format: Format): RowFacts {
  return checkObject({ text: line }, format);
}

function broken(reason: string, remedy: string): RowFacts {
  return { ...nothing, faults: [error("", reason, remedy)] };
}

function checkObject(row: JsonMap, format: Format): RowFacts {
  const { messages, faults } = readMessages(row, format);
  const tools = readTools(own(row, "tools"), format);
  const media = readMedia(row, messages);
  const all = [...faults, ...tools.faults, ...media.faults];
  // Without its roles there is no order to check.
  if (faults.every(fault => fault.severity === "warning")) {
    const areReadable = tools.faults.every(fault => fault.severity === "warning");
    all.push(
      ...checkOrder(messages, format),
      ...checkContents(messages, areReadable ? tools.names : undefined, format),
      ...checkPreference(row, messages, format),
    );
  }
  const texts = messages.map(message => textOf(message.content));
  return {
    faults: all,
    row,
    layout: layoutOf(row),
    kind: kindOfRow(row, messages),
    isPair: hasRejected(row),
    roles: messages.map(message => message.role),
    toolCount: tools.count,
    called: messages.flatMap(message => (message.role === "tool_call" ? calledName(message.content) : [])),
    media: media.counts,
    characters: texts.reduce((sum, text) => sum + text.length, tools.characters),
    tokens: texts.reduce((sum, text) => sum + estimatedTokens(text) + tokensAroundMessage, tools.tokens),
  };
}

function calledName(content: unknown): string[] {
  const name = /"name"\s*:\s*"([^"\\]{1,64})"/.exec(textOf(content))?.[1];
  return name === undefined ? [] : [name];
}
