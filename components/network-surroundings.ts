import type { Cluster } from "../config/schema";
import { ncclOfTorch } from "../plan/gid-index";
import type { NetworkSurroundings } from "../plan/network";
import { resolvedVersions } from "../recipes/environment/resolve";

/** What the cluster file says besides `network` that the network plan depends on. */
export function networkSurroundings(settings: Cluster): NetworkSurroundings {
  const torch = torchVersion(settings);
  return {
    ncclVersion: torch === undefined ? undefined : ncclOfTorch(torch),
    containerEnv: settings.container.env,
  };
}

/** Of the environment on the hosts, or of the image where its name tells it, as those of ModelScope and PyTorch do. */
function torchVersion({ runtime, python, image }: Cluster): string | undefined {
  if (runtime === "host") return python.environment && resolvedVersions(python.environment).torch;
  return /(?:torch|pytorch\/pytorch:)-?(\d+\.\d+\.\d+)/.exec(image.reference)?.[1];
}
