import { execFileSync } from "node:child_process";
import { HostSet } from "../support/host-set";
import { siteOf } from "../support/site";

/** Names the checkout whose sandbox runs the hosts. */
export const siteVariable = "MUSTER_DOCTOR_SITE";

export function siteFolder(): string {
  return siteOf(siteVariable);
}

/** Four hosts: with one that is odd most are still alike. */
export const hosts = new HostSet({
  stack: "doctor",
  prefix: "dct",
  subnet: "10.94.1",
  hosts: 4,
  gpus: 2,
  site: siteFolder,
});
export const nodes = hosts.places.map(({ name }) => name);

/** A second network, so that each host has a second NIC (simulated: a veth). */
const second = { name: "dct-second", subnet: "10.94.2" };

/** Address of a host on the second network. */
export function secondAddress(node: string): string {
  return `${second.subnet}.${11 + nodes.indexOf(node)}`;
}

export function connectSecondNetwork(): void {
  docker("network", "create", "--internal", "--subnet", `${second.subnet}.0/24`, second.name);
  for (const node of nodes)
    docker("network", "connect", "--ip", secondAddress(node), second.name, hosts.containerOf(node));
}

/** Also what an earlier run has left. */
export function removeSecondNetwork(): void {
  for (const node of nodes) docker("network", "disconnect", "--force", second.name, hosts.containerOf(node));
  docker("network", "rm", second.name);
}

function docker(...args: string[]): void {
  const isUndoing = args.includes("disconnect") || args.includes("rm");
  try {
    execFileSync("docker", ["-H", hosts.dockerHost, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    if (!isUndoing) throw error;
  }
}
