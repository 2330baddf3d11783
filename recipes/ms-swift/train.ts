import type { Cluster } from "../../config/schema";
import type { TrainSettings } from "../../config/schema/pipeline";
import { renderArguments } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { dataArguments } from "../data/sets";
import { lossScalePlugin } from "../loss-scale/plugin";
import { startWeights } from "../placement";
import { torchrunCommands } from "../torchrun";
import { swiftEnvironment } from "./environment";
import { requireProfile } from "./profile";

/** The training, one command a node, in rank order. Every rank has the same arguments. */
export function trainCommands(
  cluster: Cluster,
  train: TrainSettings,
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const profile = requireProfile(cluster.image.swift);
  const chosen = {
    ...profile.trainArguments(train, { weights: startWeights(cluster) }),
    ...dataArguments(cluster.pipeline?.data),
  };
  const argv = [
    ...train.tool.split(" "),
    ...renderArguments(chosen, { ...train.args, ...lossScalePlugin(cluster)?.arguments }),
  ];
  const env = { PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True", ...swiftEnvironment(cluster), ...train.env };
  const layout = {
    nodes: train.nodes,
    processesPerNode: cluster.slots,
    masterPort: cluster.network.masterPort,
  };
  return torchrunCommands(argv, env, layout, transportOf);
}
