import type { NetworkPlan, NodeNetwork } from "./network";
import { speedText } from "./network-parity";
import { portName } from "./rdma-ports";

/** The plan for people, a line a node: `node-2: eth0 10.0.0.2 25 Gb/s; RDMA off: node-3 has no active port`. */
export function networkTable(plan: NetworkPlan): string[] {
  return plan.nodes.map(node => `${node.node}: ${placeOf(node)}; ${rdmaText(node, plan)}`);
}

function placeOf({ interface: name, address, speedMbps, mtu, reason }: NodeNetwork): string {
  const speed = speedMbps === undefined ? "" : ` ${speedText(speedMbps)}`;
  const size = mtu === undefined || mtu === 1500 ? "" : ` MTU ${mtu}`;
  return `${[name, address].filter(Boolean).join(" ")}${speed}${size} (${reason})`;
}

function rdmaText({ rdma }: NodeNetwork, { rdma: decision }: NetworkPlan): string {
  if (!decision.enabled) return `RDMA off: ${decision.reason}`;
  if (!rdma) return "RDMA unknown";
  const rates = new Set(rdma.ports.map(port => port.rateGbps));
  const rate = rates.size === 1 ? `${rdma.ports.length} x ${[...rates][0]} Gb/s` : `${[...rates].join(", ")} Gb/s`;
  const kind = decision.linkLayer === "Ethernet" ? "RoCE" : "InfiniBand";
  const index = rdma.gidIndex === undefined ? "" : `, GID ${rdma.gidIndex}`;
  const leftOut = rdma.leftOut.map(({ name, reason }) => `${name} (${reason})`).join(", ");
  return `RDMA on: ${rdma.ports.map(portName).join(", ")} (${kind}, ${rate}${index})${leftOut === "" ? "" : `; not ${leftOut}`}`;
}
