import type { Cluster } from "../config/schema";
import type { SmokeSettings } from "../config/schema/pipeline";
import { servedModelName } from "./placement";
import { toolsFolder } from "./tools";

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
    ...(smoke.enableThinking === undefined ? {} : { chat_template_kwargs: { enable_thinking: smoke.enableThinking } }),
  };
}

/** recipes/tools/chat.py: waits for the server, sends the request, proves which model answered. Key: MUSTER_API_KEY. */
export function chatArgv(cluster: Cluster, smoke: SmokeSettings, baseUrl: string, resultFile: string): string[] {
  return [
    "python3",
    `${toolsFolder}/chat.py`,
    "--url",
    baseUrl,
    "--request",
    JSON.stringify(chatRequest(cluster, smoke)),
    "--timeout-seconds",
    String(smoke.timeoutSeconds),
    "--result",
    resultFile,
  ];
}

/** Name of the variable from which chat.py takes the API key. */
export const chatKeyVariable = "MUSTER_API_KEY";
