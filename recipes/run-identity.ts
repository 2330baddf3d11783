import { createHash } from "node:crypto";
import type { Cluster } from "../config/schema";
import type { NodeCommand } from "./command";
import { trainCommands } from "./ms-swift/train";

/** What a training's result depends on. Addresses and interfaces are not in it: docs/design/0004. */
export interface RunIdentity {
  /** Eight hexadecimal digits: the name of the run's folder. */
  readonly run: string;
  /** For the job that trains. */
  readonly identity: Readonly<Record<string, string>>;
}

/** Identity of the training of a cluster file. `dataDigest` is the data set's sha256, if it comes from the operator's side. */
export function runIdentity(cluster: Cluster, dataDigest?: string): RunIdentity {
  const train = cluster.pipeline?.train;
  if (!train) throw new Error("no training in this cluster file");
  const commands: NodeCommand[] = trainCommands(cluster, train, () => ({ address: "", env: {} }));
  const identity = {
    image: cluster.image.reference,
    model: cluster.pipeline?.model.path ?? "",
    ...(dataDigest === undefined ? {} : { data: dataDigest }),
  };
  const parts = [identity, commands.map(({ argv, env }) => ({ argv, env }))];
  const run = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 8);
  return { run, identity };
}

/** The cluster with the folders of one run: what is trained and exported lies in a folder named after the identity. */
export function placedRun(cluster: Cluster, run: string): Cluster {
  const { pipeline } = cluster;
  if (!pipeline?.train) return cluster;
  const train = { ...pipeline.train, output: `${pipeline.train.output}/${run}` };
  const exported = pipeline.export && { ...pipeline.export, output: `${pipeline.export.output}/${run}` };
  return { ...cluster, pipeline: { ...pipeline, train, ...(exported && { export: exported }) } };
}
