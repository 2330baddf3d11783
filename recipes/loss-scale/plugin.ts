import { createHash } from "node:crypto";
import type { Cluster } from "../../config/schema";
import type { ArgumentMap } from "../arguments";
import { hasBases } from "../dialects/training";
import { isAtLeast } from "../version";

/** Name under which the plugin offers the cluster file's own weights. */
export const ownLossScale = "muster";

/** Own weights of a training: a plugin that the training imports, and the file that the plugin reads. */
export interface LossScalePlugin {
  /** Path in the container and text of each file. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
  /** Arguments of the training; they replace what stands in the cluster file. */
  readonly arguments: ArgumentMap;
}

/**
 * The plugin of a cluster file with its own weights. ms-swift knows loss scales by name and reads their weights from its own package, so
 * a module of ours adds a name (`--external_plugins`, in each version from 3.7.1 to 4.6.0) and nothing in the package is edited.
 * The files are named after the weights: other weights are another training.
 */
export function lossScalePlugin(
  cluster: Pick<Cluster, "name" | "runtime" | "image" | "pipeline" | "lossScaleText">,
): LossScalePlugin | undefined {
  const { image, pipeline, lossScaleText: text } = cluster;
  const train = pipeline?.train;
  if (!train || text === undefined) return undefined;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const folder = cluster.runtime === "host" ? `/var/lib/muster/${cluster.name}/data` : "/var/lib/muster/data";
  const stem = `${folder}/muster_loss_scale_${digest}`;
  const { external_plugins: theirs = [] } = train.args;
  return {
    files: [
      { path: `${stem}.json`, content: text },
      { path: `${stem}.py`, content: pluginText(image.swift, `${stem}.json`) },
    ],
    arguments: {
      loss_scale: lossScaleName(image.swift, train.lossScale),
      external_plugins: [...(Array.isArray(theirs) ? theirs : [String(theirs)]), `${stem}.py`],
    },
  };
}

/** `last_round` of the cluster file with our name behind it; our name alone without one. */
function lossScaleName(version: string, base: string | undefined): string {
  return base === undefined || !hasBases(version) ? ownLossScale : `${base}+${ownLossScale}`;
}

/** Python: a class with the weights' path, under our name. An absolute path is kept by the join with the package's folder. */
export function pluginText(version: string, weightsPath: string): string {
  const isPackage4 = isAtLeast(version, "4.0.0");
  const base = isPackage4 ? "ConfigLossScale" : "REACTLossScale";
  const module = isPackage4 ? "swift.loss_scale" : "swift.plugin.loss_scale.loss_scale";
  return `"""Loss scale ${ownLossScale} of ms-swift ${version}: the weights of the cluster file. Written by muster."""

from ${module} import ${base}, loss_scale_map


class OwnLossScale(${base}):
    name = "${ownLossScale}"
    loss_scale_config = ${JSON.stringify(weightsPath)}


loss_scale_map["${ownLossScale}"] = OwnLossScale
`;
}
