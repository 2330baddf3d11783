import type * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { Measurement } from "../plan/fabric/reports";
import { networkTable } from "../plan/network-table";
import { placedRun } from "../recipes/run-identity";
import type { Fabric } from "./fabric";
import type { Fleet } from "./fleet";
import type { Pipeline } from "./pipeline";

/** What `muster stack output` shows, and the demo's table is made of. */
export function stackOutputs(
  settings: ClusterSettings,
  fleet: Fleet,
  fabric: Fabric,
  pipeline?: Pipeline,
): pulumi.Inputs {
  const placed = pipeline?.run === undefined ? settings : placedRun(settings, pipeline.run);
  return present({
    nodes: fleet.network.apply(plan =>
      plan.nodes.map(({ node, address, interface: name, reason }) => ({ node, address, interface: name, reason })),
    ),
    network: fleet.network.apply(networkTable),
    rdma: fleet.network.apply(plan => plan.rdma),
    fabric: fabric.gate && {
      status: fabric.gate.status,
      baseline: fabric.gate.baseline,
      measured: fabric.gate.measured.apply(measured => measured && shown(measured, settings.network.gate.pairs)),
    },
    ...(pipeline && {
      run: pipeline.run,
      checkpoints: placed.pipeline?.train?.output,
      weights: placed.pipeline?.export?.output,
      answers: placed.pipeline?.infer?.output,
      steps: pipeline.steps,
      url: pipeline.serving?.url,
      apiKey: pipeline.serving?.apiKey,
      reply: pipeline.smoke?.reply,
      firstTokenSeconds: pipeline.smoke?.firstTokenSeconds,
      tokensPerSecond: pipeline.smoke?.tokensPerSecond,
    }),
  });
}

/** Pairs where they were asked for: hundreds are for nobody who did not. */
function shown({ rows, pairs, ncclTests }: Measurement, asked: "auto" | "always" | "never"): pulumi.Inputs {
  return present({
    rows,
    ncclTests: ncclTests?.results,
    pairs:
      asked === "always" ? pairs.map(({ nodes, busbwGBps }) => `${nodes.join(" - ")} ${busbwGBps} GB/s`) : undefined,
  });
}

/** Without what the cluster file does not have: of an output that is undefined the SDK warns. */
function present(outputs: pulumi.Inputs): pulumi.Inputs {
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => value !== undefined));
}
