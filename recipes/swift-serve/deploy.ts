import type { Cluster } from "../../config/schema";
import type { ServeSettings } from "../../config/schema/pipeline";
import { renderArguments } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { swiftEnvironment } from "../ms-swift/environment";
import { modelNames } from "../ms-swift/model-names";
import { lastPart, servedModel, servedModelName } from "../placement";
import { servingLayout } from "../serving/layout";
import { toolsFolder } from "../tools";
import { gpuVariable } from "../torchrun";
import { isAtLeast } from "../version";
import { backendArguments } from "./backend";

/**
 * `swift deploy` on one node, inside recipes/tools/deploy.py, because it moves to another port without a word when its own is
 * taken. Tool calls are read by the agent template, not by a parser. It gets no API key: it takes one as an argument only, and
 * writes all its arguments into its log (ms-swift 3.7.1 to 4.6, swift/llm/base.py).
 */
export function deployCommands(
  cluster: Cluster,
  serve: ServeSettings,
  nodes: readonly string[],
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const { pipeline, image } = cluster;
  const model = servedModel(cluster);
  // Other weights tell their names in an args.json.
  const names = modelNames(model === pipeline?.model.path ? pipeline.model : {}, image.swift);
  const layout = servingLayout(serve, 1);
  const optionsOn = (address: string): string[] =>
    renderArguments(
      {
        model,
        model_type: names.type,
        template: names.template,
        served_model_name: servedModelName(cluster),
        ...backendArguments({ ...serve, backend: serve.backend ?? "vllm", ...layout }, image.swift),
        agent_template: pipeline?.train?.agentTemplate,
        // It would write every question of every user into the log.
        verbose: false,
        // ms-swift 3 keeps all questions and answers in a folder that it makes beside the weights, unless told otherwise.
        result_path: isAtLeast(image.swift, "4.0.0") ? undefined : "/dev/null",
        host: address,
        port: serve.port,
      },
      serve.args,
    );
  const guard = ["python3", `${toolsFolder}/deploy.py`, "--port", String(serve.port), "--"];
  return nodes.map(node => ({
    node,
    argv: [...guard, "swift", "deploy", ...optionsOn(transportOf(node).address)],
    env: { CUDA_VISIBLE_DEVICES: gpuVariable(serve.gpus), ...swiftEnvironment(cluster), ...serve.env },
    transport: transportOf(node).env,
  }));
}

/**
 * Names by which the server may say that it is the model: before 4.0 `swift deploy` answers with the name of the weights' folder,
 * whatever name it serves them under.
 */
export function answeringNames(cluster: Cluster): readonly string[] {
  const isSwift = cluster.pipeline?.serve?.engine === "swift";
  return [...new Set([servedModelName(cluster), ...(isSwift ? [lastPart(servedModel(cluster))] : [])])];
}
