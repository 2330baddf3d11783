import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "./components/cluster";
import { declaredCluster } from "./components/declared-cluster";
import { Fabric } from "./components/fabric";
import { Fleet } from "./components/fleet";
import { operatorSide } from "./components/operator-side";
import { stackOutputs } from "./components/outputs";
import { Pipeline } from "./components/pipeline";

/** One environment: the cluster of its cluster file, and the pipeline on it. */
export = async () => {
  const config = new pulumi.Config();
  const secret = (name: string) => config.requireSecret(name);
  const settings = declaredCluster(config);
  const operator = await operatorSide(settings);

  const fleet = new Fleet({ settings, secret, ...operator });
  await fleet.areFit();
  const cluster = new Cluster({ settings, fleet, secret, ...operator });
  const fabric = new Fabric({ settings, fleet, cluster, ...operator });
  const pipeline = settings.pipeline && new Pipeline({ settings, fleet, cluster, fabric, secret, ...operator });
  return stackOutputs(settings, fleet, fabric, pipeline);
};
