import type { Cluster } from "../../config/schema";
import type { TrainSettings } from "../../config/schema/pipeline";
import { type DataArguments, dataArguments } from "../data/sets";
import { type ModelNames, modelNames } from "./model-names";
import { type Profile, requireProfile } from "./profile";
import { isShared, type StartWeights, startWeights } from "./start";

/** What the arguments of a training depend on, besides its own settings. */
export interface TrainContext {
  readonly version: string;
  readonly profile: Profile;
  readonly model: ModelNames;
  /** Absent: there are none that the version can read, which a check refuses. */
  readonly weights?: StartWeights;
  /** What is trained and measured with. */
  readonly data: DataArguments;
  /** Processes of the whole job. */
  readonly worldSize: number;
  /** Whether nodes keep what they write to themselves. */
  readonly hasOwnDisks: boolean;
  /** Said only where it must be: nodes that preprocess for themselves may differ, and then the training hangs. */
  readonly readsCache?: true;
}

export function trainContext(cluster: Cluster, train: TrainSettings): TrainContext {
  const { image, pipeline } = cluster;
  const profile = requireProfile(image.swift);
  const weights = startWeights(cluster, train);
  const isMultiNode = train.nodes.length > 1;
  return {
    version: image.swift,
    profile,
    model: modelNames(pipeline?.model ?? {}, image.swift),
    data: dataArguments(pipeline?.data),
    worldSize: train.nodes.length * cluster.slots,
    hasOwnDisks: isMultiNode && !isShared(cluster, train.output),
    ...(weights && { weights }),
    ...(isMultiNode && !profile.readsCacheByDefault(image.swift) && { readsCache: true }),
  };
}
