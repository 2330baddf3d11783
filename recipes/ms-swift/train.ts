import type { Cluster } from "../../config/schema";
import type { TrainSettings } from "../../config/schema/pipeline";
import { renderArguments } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { deepspeedCommands } from "../deepspeed";
import { torchrunCommands } from "../torchrun";
import { type TrainContext, trainContext } from "./context";
import { swiftEnvironment } from "./environment";
import { megatronRows } from "./megatron-rows";
import { reportEnvironment } from "./report";
import { argumentsOfRows, type Row } from "./rows";
import { isMegatron } from "./start";
import { swiftRows } from "./swift-rows";

/** The arguments that the settings of a training stand for, in the order in which they are written. */
export function trainRows(train: TrainSettings, context: TrainContext): Row[] {
  return isMegatron(train) ? megatronRows(train, context) : swiftRows(train, context);
}

/** The training, one command a node, in rank order; every rank has the same arguments. DeepSpeed's launcher is one command. */
export function trainCommands(
  cluster: Cluster,
  train: TrainSettings,
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const chosen = argumentsOfRows(trainRows(train, trainContext(cluster, train)));
  const options = renderArguments(chosen, train.args);
  const env = trainEnvironment(cluster, train);
  const layout = {
    nodes: train.nodes,
    processesPerNode: cluster.slots,
    masterPort: cluster.network.masterPort,
  };
  if (train.launcher === "torchrun")
    return torchrunCommands([...train.tool.split(" "), ...options], env, layout, transportOf);
  // In the working directory, which is a folder of the host where there is no container.
  const hostfile = "hostfile";
  const program = ["--module", `swift.cli.${train.tool.split(" ")[1]}`, ...options];
  return deepspeedCommands(program, env, { ...layout, hostfile, sshPort: cluster.container.sshPort }, transportOf);
}

/** Variables of every rank that belong to the result. DeepSpeed's launcher finds them in .deepspeed_env. */
export function trainEnvironment(cluster: Cluster, train: TrainSettings): Record<string, string> {
  return {
    PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True",
    ...swiftEnvironment(cluster),
    ...reportEnvironment(train.report),
    ...train.env,
  };
}

/** What .deepspeed_env must hold besides the network's variables: the launcher gives other nodes nothing else. */
export function launcherEnvironment(cluster: Cluster): Record<string, string> {
  const train = cluster.pipeline?.train;
  return train?.launcher === "deepspeed" ? trainEnvironment(cluster, train) : {};
}
