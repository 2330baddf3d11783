import { createHash } from "node:crypto";
import type { Cluster } from "../../config/schema";
import type { InferSettings } from "../../config/schema/pipeline";
import { type ArgumentMap, renderArguments } from "../arguments";
import type { Command, NodeCommand } from "../command";
import { swiftEnvironment } from "../ms-swift/environment";
import { modelNames } from "../ms-swift/model-names";
import { singleNode, weightsOf } from "../placement";
import { toolsFolder } from "../tools";
import { gpuVariable } from "../torchrun";
import { isAtLeast } from "../version";
import { backendArguments } from "./backend";

/** Port of the processes that share the questions; a training may hold 29500. */
const inferPort = 29556;

/** `swift infer` over a file of questions, as a person would write it; its answers go to `output`. */
export function inferCommand(cluster: Cluster, infer: InferSettings): NodeCommand {
  const { pipeline, image } = cluster;
  const model = weightsOf(cluster, "infer");
  // Other weights tell their names in an args.json.
  const names = modelNames(model === pipeline?.model.path ? pipeline.model : {}, image.swift);
  const { dataParallel } = infer;
  const tensorParallel = infer.tensorParallel ?? Math.max(1, Math.floor(infer.gpus.length / dataParallel));
  // SGLang's copies are its own affair; the others are processes of torchrun, with vLLM one for each GPU of each copy.
  const bySglang = infer.backend === "sglang";
  const processes = bySglang || dataParallel === 1 ? 1 : dataParallel * (infer.backend === "vllm" ? tensorParallel : 1);
  const argv = renderArguments(
    {
      model,
      model_type: names.type,
      template: names.template,
      adapters: infer.adapters,
      ...backendArguments(
        {
          backend: infer.backend,
          tensorParallel,
          ...(bySglang && { dataParallel }),
          maxModelLen: infer.maxModelLen,
          memoryFraction: infer.memoryFraction,
        },
        image.swift,
      ),
      max_batch_size: infer.backend === "pt" ? infer.batchSize : undefined,
      val_dataset: infer.data,
      result_path: infer.output,
      // Streaming is for a person who watches; several processes refuse it.
      stream: false,
      temperature: infer.temperature,
      top_p: infer.topP,
      top_k: infer.topK,
      max_new_tokens: infer.maxTokens,
      ...thinking(infer, image.swift),
    },
    infer.args,
  );
  return {
    node: singleNode(cluster, "infer"),
    argv: ["swift", "infer", ...argv],
    env: {
      CUDA_VISIBLE_DEVICES: gpuVariable(infer.gpus),
      ...(processes > 1 && { NPROC_PER_NODE: String(processes) }),
      ...swiftEnvironment(cluster),
      ...infer.env,
    },
    transport: processes > 1 ? { MASTER_PORT: String(inferPort) } : {},
  };
}

/** ms-swift has a switch from 3.12 on; before, the answer is made to begin with a thought that has ended. */
function thinking({ enableThinking }: InferSettings, swiftVersion: string): ArgumentMap {
  if (enableThinking === undefined) return {};
  if (isAtLeast(swiftVersion, "3.12.0")) return { enable_thinking: enableThinking };
  // Backslash and n: the tool makes line breaks of them (swift/llm/argument/base_args/template_args.py at v3.7.1).
  return enableThinking ? {} : { response_prefix: "<think>\\n\\n</think>\\n\\n" };
}

/**
 * The command inside recipes/tools/infer.py: `swift infer` adds to a file that is there, so a second run would double it, and it
 * drops rows that it cannot read. The output gets its name when it has an answer to every question.
 */
export function guardedInference(
  command: Command,
  infer: Pick<InferSettings, "data" | "output">,
  options: { readonly identity: string; readonly resultFile: string },
): string[] {
  const index = command.argv.indexOf("--result_path");
  const argv = command.argv.map((word, i) => (i === index + 1 ? `${infer.output}.partial` : word));
  return [
    ...["python3", `${toolsFolder}/infer.py`],
    ...["--questions", infer.data],
    ...["--output", infer.output],
    ...["--identity", options.identity],
    ...["--result", options.resultFile],
    "--",
    ...argv,
  ];
}

/** What the answers were made from: answers of the same identity are kept. */
export function inferenceIdentity(cluster: Cluster, command: Command): string {
  const text = JSON.stringify([cluster.image.reference, command.argv]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
