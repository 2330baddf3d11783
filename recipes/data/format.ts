import { isAtLeast } from "../version";

/** What the trainings want of a row. */
export const purposes = ["sft", "pt", "dpo", "rm", "kto", "grpo", "gkd"] as const;
export type Purpose = (typeof purposes)[number];

/** The rules that rows are held to: those of a version of ms-swift, for a kind of training. */
export interface Format {
  /** Version of ms-swift, for texts. */
  readonly version: string;
  readonly purpose: Purpose;
  /** A tool's answer must be a JSON string, as the tool-calling format asks for; ms-swift takes any text. */
  readonly strict: boolean;
  /** `tool_calls` of the OpenAI API beside the content of an assistant. */
  readonly takesOpenAiCalls: boolean;
  /** Content as an object or a list, `tools` as a list, `messages` as a JSON text: they survive the loader's cache. */
  readonly takesStructures: boolean;
}

/** Format of a version; 3.7.1's where nothing is said. Read at the wheels of 3.7.1 to 4.6.0, dataset/preprocessor/core.py. */
export function formatOf(options: {
  readonly version?: string | undefined;
  readonly purpose?: Purpose | undefined;
  readonly strict?: boolean | undefined;
}): Format {
  const { version = "3.7.1", purpose = "sft", strict = true } = options;
  return {
    version,
    purpose,
    strict,
    takesOpenAiCalls: isAtLeast(version, "4.5.0"),
    takesStructures: isAtLeast(version, "4.6.0"),
  };
}

/** What a training tool wants of its rows. Of `rlhf` it depends on the kind; a pair of replies is the usual one. */
export function purposeOf(tool: string | undefined, rlhfKind?: string): Purpose {
  const word = tool?.split(" ").at(-1);
  if (word === "pt") return "pt";
  if (word !== "rlhf") return "sft";
  const kind = rlhfKind ?? "dpo";
  // Those that learn from pairs, those that make their replies themselves.
  if (["ppo", "grpo"].includes(kind)) return "grpo";
  return purposes.find(purpose => purpose === kind) ?? "dpo";
}
