import { z } from "zod";
import { placement } from "./conversion";
import {
  absolutePath,
  environment,
  gpuList,
  isDistinct,
  nodeName,
  portNumber,
  quantity,
  secretRef,
  upstreamArguments,
} from "./values";

const degree = z.int().min(1);
const inferBackend = z.enum(["vllm", "sglang", "pt"]);

const server = {
  model: absolutePath.optional().describe("Default: the output of export, else model.path."),
  maxModelLen: z.int().min(1).optional().describe("Tokens of prompt and answer together."),
  memoryFraction: z.number().positive().max(1).optional().describe("Share of a GPU's memory that the server takes."),
};

const router = z.strictObject({
  port: portNumber.default(8080),
  policy: z
    .enum(["cache_aware", "round_robin", "random", "power_of_two"])
    .default("cache_aware")
    .describe("How the router chooses a replica."),
});

export const serve = z
  .strictObject({
    engine: z.enum(["vllm", "sglang", "swift"]).default("vllm").describe("swift: `swift deploy`, on one node."),
    ...placement,
    nodes: z
      .array(nodeName)
      .min(1)
      .refine(isDistinct, "each node once")
      .optional()
      .describe("Instead of node, for a server over several. The API is on the first one."),
    gpus: gpuList.default([0]).describe("GPUs that the server claims on each of its nodes."),
    ...server,
    backend: inferBackend.optional().describe("What `swift deploy` computes with. Default: vllm."),
    tensorParallel: degree
      .optional()
      .describe(
        "Default: the GPUs that are left. vLLM over nodes: the GPUs of one node. SGLang: of all nodes together.",
      ),
    pipelineParallel: degree.optional().describe("Default: 1; vLLM over nodes: the number of nodes."),
    dataParallel: degree.optional().describe("Copies of the model behind one API. Default: 1."),
    expertParallel: z
      .boolean()
      .default(false)
      .describe("Spread whole experts over the GPUs instead of slices of each."),
    executor: z
      .enum(["auto", "mp", "ray"])
      .default("auto")
      .describe("How vLLM reaches its other nodes. auto: ray before vLLM 0.11.2, else mp, which needs no ray."),
    masterPort: portNumber
      .optional()
      .describe("Where the server's nodes meet. Default: ray 6379, mp 29501, vLLM's dataParallel 13345, SGLang 20000."),
    replicas: degree
      .default(1)
      .describe("SGLang: servers of their own, the nodes divided among them in their order, behind a router."),
    router: router.optional().describe("sglang-router in front of the replicas. Needs the package sglang-router."),
    port: portNumber.default(6060),
    servedModelName: z
      .string()
      .regex(/^[^:\s]+$/, "a name without colon and space")
      .optional()
      .describe(
        "Default: the last part of serve.model, else of pipeline.model.path, also for weights that were trained from it.",
      ),
    toolCallParser: z.string().min(1).optional(),
    reasoningParser: z.string().min(1).optional(),
    apiKey: secretRef.optional().describe("Default: one is generated."),
    env: environment.default({}),
    args: upstreamArguments.default({}),
    stopForTraining: z
      .boolean()
      .default(false)
      .describe("A step before it (a new training, infer) may stop the server to take its GPUs."),
    readyMinutes: quantity(
      "minutes",
      "How long the server may take to be ready. Default: by the size of the weights, if export has told it; else 30.",
    ).optional(),
  })
  .describe("A server of the trained weights with the OpenAI API.");

export const infer = z
  .strictObject({
    backend: inferBackend.default("vllm"),
    ...placement,
    ...server,
    adapters: absolutePath.optional().describe("Folder of a LoRA that was not merged."),
    data: absolutePath.describe("Questions, in the container: rows as for training."),
    output: absolutePath.describe("File of the answers, one JSON object a line. There only when all are in it."),
    tensorParallel: degree.optional().describe("Default: all gpus, divided by dataParallel."),
    dataParallel: degree.default(1).describe("Processes that share the questions."),
    maxTokens: z.int().min(1).optional().describe("Tokens of an answer at most."),
    temperature: z.number().min(0).optional(),
    topP: z.number().positive().max(1).optional(),
    topK: z.int().min(1).optional(),
    batchSize: z.int().min(1).optional().describe("Questions at a time, with the backend pt."),
    enableThinking: z.boolean().optional().describe("false: the model answers without thinking first."),
    env: environment.default({}),
    args: upstreamArguments.default({}),
    waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120),
  })
  .describe("Answers to a file of questions: `swift infer`.");

const expectation = z.enum(["require", "report", "off"]);

export const smoke = z
  .strictObject({
    prompt: z.string().min(1).default("你好，你是谁？"),
    maxTokens: z.int().min(1).default(8192),
    temperature: z.number().min(0).default(0.7),
    topP: z.number().positive().max(1).optional(),
    topK: z.int().min(1).optional(),
    presencePenalty: z.number().min(-2).max(2).optional(),
    enableThinking: z.boolean().optional().describe("Passed to the chat template."),
    stream: z.boolean().default(true).describe("Ask a second time, with a streamed answer."),
    toolCall: expectation
      .default("require")
      .describe("With serve.toolCallParser: whether a question with a tool must be answered by a call that is parsed."),
    toolPrompt: z
      .string()
      .min(1)
      .default("北京和上海今天的天气情况")
      .describe("The question, to the tool realtime_aqi(city)."),
    reasoning: expectation
      .default("require")
      .describe("With serve.reasoningParser: whether the thinking must come apart from the answer."),
    timeoutSeconds: quantity("seconds", "How long all replies together may take.").default(300),
  })
  .describe("Chat requests that must be answered by the served model.");
