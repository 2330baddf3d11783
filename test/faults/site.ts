import type { SimulatedHost } from "../acceptance/simulated-host";
import { HostSet } from "../support/host-set";
import { siteOf } from "../support/site";

export { type HostPlace, source } from "../support/host-set";

/** Names the checkout whose sandbox runs the hosts. */
export const siteVariable = "MUSTER_FAULTS_SITE";

export function siteFolder(): string {
  return siteOf(siteVariable);
}

/** The simulated hosts of the fault tests: their names in Docker begin so. */
export const sandbox = "flt";

/** Twenty hosts; the rows of the table work on the first two or three. */
export const hosts = new HostSet({
  stack: "faults",
  prefix: sandbox,
  subnet: "10.78.0",
  hosts: 20,
  gpus: 1,
  site: siteFolder,
});
export const places = hosts.places;

/** Keys and known_hosts of the hosts. */
export function sandboxFolder(): string {
  return hosts.folder;
}

export function dockerHostOf(): string {
  return hosts.dockerHost;
}

/** A host seen from outside, through the Docker daemon that runs it. */
export function simulatedHost(name: string): SimulatedHost {
  return hosts.host(name);
}
