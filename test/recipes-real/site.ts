import { HostSet } from "../support/host-set";
import { siteOf } from "../support/site";

/** Names the checkout whose sandbox runs the hosts. */
export const siteVariable = "MUSTER_RECIPES_SITE";

export function siteFolder(): string {
  return siteOf(siteVariable);
}

/** Two hosts that have the real ms-swift, in the training image and in the image with its other versions. */
export const hosts = new HostSet({
  stack: "recipes",
  prefix: "rcp",
  subnet: "10.79.0",
  hosts: 2,
  gpus: 2,
  site: siteFolder,
});

/** sandbox/images/parsers, in the engine of each host. */
export const parsersImage = "muster-sim-parsers:dev";
