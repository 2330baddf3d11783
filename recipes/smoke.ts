import type { Cluster } from "../config/schema";
import type { SmokeSettings } from "../config/schema/pipeline";
import { servedModelName } from "./placement";
import { answeringNames } from "./swift-serve/deploy";
import { toolsFolder } from "./tools";

/** Whether a check fails the step, or is only recorded. */
export type Expectation = "require" | "report";

/** One question of the smoke test, and what its answer has to have beside words. */
export interface Exchange {
  readonly name: "chat" | "chat-streamed" | "tool-call" | "tool-call-streamed" | "reasoning";
  readonly request: Readonly<Record<string, unknown>>;
  /** The answer is a call of the request's tool, parsed. */
  readonly toolCall?: Expectation;
  /** The thinking came apart from the answer. */
  readonly reasoning?: Expectation;
}

/** The tool of the notes' training data. */
const airQuality = {
  type: "function",
  function: {
    name: "realtime_aqi",
    description: "天气预报。获取实时空气质量。当前空气质量，PM2.5，PM10信息",
    parameters: {
      type: "object",
      properties: { city: { type: "string", description: "城市名，例如：上海" } },
      required: ["city"],
    },
  },
} as const;

/** The body of the chat request of the notes. Settings that the file does not give are left to the server. */
export function chatRequest(cluster: Cluster, smoke: SmokeSettings): Record<string, unknown> {
  return {
    model: servedModelName(cluster),
    messages: [{ role: "user", content: smoke.prompt }],
    temperature: smoke.temperature,
    ...(smoke.topP === undefined ? {} : { top_p: smoke.topP }),
    ...(smoke.topK === undefined ? {} : { top_k: smoke.topK }),
    max_tokens: smoke.maxTokens,
    ...(smoke.presencePenalty === undefined ? {} : { presence_penalty: smoke.presencePenalty }),
    ...thinking(smoke.enableThinking),
  };
}

/**
 * The questions: the notes' request, the same streamed, and what the declared parsers promise. A tool call is asked for both
 * ways, because servers read streamed calls with other code; without chance, so that the same server answers the same.
 */
export function exchanges(cluster: Cluster, smoke: SmokeSettings): Exchange[] {
  const chat = chatRequest(cluster, smoke);
  const streamed = { stream: true, stream_options: { include_usage: true } };
  const made: Exchange[] = [{ name: "chat", request: chat }];
  if (smoke.stream) made.push({ name: "chat-streamed", request: { ...chat, ...streamed } });
  const serve = cluster.pipeline?.serve;
  // `swift deploy` reads calls by the agent template that was trained; it has no parser to name.
  const readsCalls =
    serve?.toolCallParser !== undefined ||
    (serve?.engine === "swift" && cluster.pipeline?.train?.agentTemplate !== undefined);
  if (smoke.toolCall !== "off" && readsCalls) {
    const request = {
      model: servedModelName(cluster),
      messages: [{ role: "user", content: smoke.toolPrompt }],
      tools: [airQuality],
      temperature: 0,
      max_tokens: smoke.maxTokens,
      ...thinking(smoke.enableThinking),
    };
    made.push({ name: "tool-call", request, toolCall: smoke.toolCall });
    if (smoke.stream) {
      made.push({ name: "tool-call-streamed", request: { ...request, ...streamed }, toolCall: smoke.toolCall });
    }
  }
  if (smoke.reasoning !== "off" && serve?.reasoningParser !== undefined) {
    const request = { ...chat, ...thinking(true) };
    made.push({ name: "reasoning", request, reasoning: smoke.reasoning });
  }
  return made;
}

function thinking(enable: boolean | undefined): Record<string, unknown> {
  return enable === undefined ? {} : { chat_template_kwargs: { enable_thinking: enable } };
}

/** recipes/tools/chat.py: waits for the server, asks, proves which model answered. Key: MUSTER_API_KEY. */
export function chatArgv(cluster: Cluster, smoke: SmokeSettings, baseUrl: string, resultFile: string): string[] {
  const plan = {
    model: servedModelName(cluster),
    answering: answeringNames(cluster),
    exchanges: exchanges(cluster, smoke),
  };
  return [
    "python3",
    `${toolsFolder}/chat.py`,
    "--url",
    baseUrl,
    "--plan",
    JSON.stringify(plan),
    "--timeout-seconds",
    String(smoke.timeoutSeconds),
    "--result",
    resultFile,
  ];
}

/** Name of the variable from which chat.py takes the API key. */
export const chatKeyVariable = "MUSTER_API_KEY";

/** What chat.py records of the exchanges, as far as the step's outputs show it. */
export interface SmokeResult {
  readonly reply: string;
  /** Seconds until the first token of the streamed answer; null without one. */
  readonly firstTokenSeconds: number | null;
  /** Of the streamed answer after its first token; else of the whole one. Null if the server counts no tokens. */
  readonly tokensPerSecond: number | null;
}
