import { listsOf, type ParserLists, upstream } from "./upstream";

/** A server whose parsers are known. */
export type ParsingEngine = "vllm" | "sglang";

/** Parsers that read a dialect, the usual one first. One that a version does not have is passed over. */
const readers: Readonly<Record<string, Readonly<Record<ParsingEngine, readonly string[]>>>> = {
  // qwen25 is SGLang's name for <tool_call>{json}</tool_call>, in every version; hermes came late.
  hermes: { vllm: ["hermes"], sglang: ["qwen25", "qwen", "hermes"] },
  youtu: { vllm: ["hermes"], sglang: ["qwen25", "qwen", "hermes"] },
  // glm4_moe is the name in vLLM 0.10.0 alone.
  glm4_5: { vllm: ["glm45", "glm4_moe"], sglang: ["glm45", "glm"] },
  glm4_7: { vllm: ["glm47"], sglang: ["glm47"] },
  glm5_1: { vllm: ["glm47"], sglang: ["glm47"] },
  qwen3_coder: { vllm: ["qwen3_coder", "qwen3_xml"], sglang: ["qwen3_coder"] },
  qwen3_5: { vllm: ["qwen3_coder", "qwen3_xml"], sglang: ["qwen3_coder"] },
  llama3: { vllm: ["llama3_json"], sglang: ["llama3"] },
  llama4: { vllm: ["llama4_json", "llama3_json"], sglang: ["llama3"] },
  mistral: { vllm: ["mistral"], sglang: ["mistral"] },
  deepseek_v3_1: { vllm: ["deepseek_v31"], sglang: ["deepseekv31"] },
  deepseek_v4: { vllm: ["deepseek_v4"], sglang: ["deepseekv4"] },
  deepseek_v41: { vllm: ["deepseek_v41"], sglang: ["deepseekv41"] },
  minimax_m2: { vllm: ["minimax_m2"], sglang: ["minimax-m2"] },
  minimax_m3: { vllm: ["minimax_m3"], sglang: ["minimax-m3"] },
  kimi_k25: { vllm: ["kimi_k2"], sglang: ["kimi_k2"] },
  kimi_k3: { vllm: ["kimi_k3"], sglang: ["kimi_k3"] },
  seed_oss: { vllm: ["seed_oss"], sglang: [] },
  gemma4: { vllm: ["gemma4"], sglang: ["gemma4"] },
  hy_v3: { vllm: ["hy_v3"], sglang: ["hunyuan"] },
  ling3: { vllm: ["ling3"], sglang: ["ling3"] },
  minicpm5: { vllm: ["minicpm5"], sglang: ["minicpm5"] },
  spark2_5: { vllm: [], sglang: ["spark25"] },
};

/** What is known of a parser's name in a version: `maybe` when it came or went between two versions that were read. */
export type Standing = "there" | "missing" | "maybe";

/** Whether an engine has a parser of that name. Without a version: whether any version that was read has it. */
export function parserStanding(
  engine: ParsingEngine,
  version: string | undefined,
  kind: keyof ParserLists,
  name: string,
): Standing {
  // SGLang chooses by the model itself.
  if (engine === "sglang" && name === "auto") return "there";
  const table = upstream[engine];
  if (version === undefined)
    return Object.values(table).some(lists => lists[kind].includes(name)) ? "there" : "missing";
  if (Object.hasOwn(table, version)) return table[version]?.[kind].includes(name) ? "there" : "missing";
  const { lists, next } = listsOf(table, version);
  const [before, after] = [lists, next].map(each => each?.[kind].includes(name));
  if (before && after !== false) return "there";
  // Above the newest version that was read anything may have been added.
  return before || after || next === undefined ? "maybe" : "missing";
}

/** Names of the parsers of a version; of the newest one that was read without a version. */
export function parserNames(
  engine: ParsingEngine,
  version: string | undefined,
  kind: keyof ParserLists,
): readonly string[] {
  return listsOf(upstream[engine], version ?? "999").lists[kind];
}

/** Whether a parser reads the dialect, whatever the version. */
export function readsDialect(engine: ParsingEngine, parser: string, dialect: string): boolean {
  return readers[dialect]?.[engine].includes(parser) ?? false;
}

/** Name of the parser that reads a dialect in this version of the engine. Undefined: none does. */
export function toolParserFor(dialect: string, engine: ParsingEngine, version: string | undefined): string | undefined {
  const names = readers[dialect]?.[engine] ?? [];
  const known = parserNames(engine, version, "toolCallParsers");
  return (
    names.find(name => known.includes(name)) ??
    names.find(name => parserStanding(engine, version, "toolCallParsers", name) === "maybe")
  );
}

/** The dialects that a parser reads. */
export function dialectsOf(engine: ParsingEngine, parser: string): readonly string[] {
  return Object.keys(readers).filter(dialect => readsDialect(engine, parser, dialect));
}
