import { HostSet } from "../support/host-set";
import { siteOf } from "../support/site";

/** Names the checkout whose sandbox runs the hosts. */
export const siteVariable = "MUSTER_FABRIC_SITE";

export function siteFolder(): string {
  return siteOf(siteVariable);
}

/** Four hosts: enough to tell a slow pair from a slow host. */
export const hosts = new HostSet({
  stack: "fabric",
  prefix: "fbr",
  subnet: "10.76.0",
  hosts: 4,
  gpus: 1,
  site: siteFolder,
});
