import { readFileSync } from "node:fs";
import path from "node:path";
import type { NetworkInterface } from "../../facts/interfaces";
import { type Rdma, type RdmaPort, rdma } from "../../facts/rdma";
import type { NetworkChoice, NetworkFacts } from "../../plan/network";

export const auto: NetworkChoice = { interface: "auto", rdma: "auto" };

/** A link that is up. */
export function link(name: string, address?: string, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    name,
    kind: "physical",
    addresses: address === undefined ? [] : [address],
    networks: address === undefined ? [] : [`${address.split(".").slice(0, 3).join(".")}.0/24`],
    isUp: true,
    mtu: 1500,
    lower: [],
    ...more,
  };
}

/** A node whose routes to the others leave by one interface; without RDMA. */
export function node(name: string, device: string, address: string, more: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    node: name,
    routes: [{ interface: device, address, peers: [name === "node-1" ? "node-2" : "node-1"] }],
    interfaces: [link("lo", "127.0.0.1", { kind: "loopback" }), link(device, address), link("eno9", "192.168.0.1")],
    rdma: { status: "absent" },
    ...more,
  };
}

/** Nodes 1, 2, … each with one of these. */
export function fleet(...each: Partial<NetworkFacts>[]): NetworkFacts[] {
  const names = each.map((_, index) => `node-${index + 1}`);
  return each.map((more, index) => {
    const peers = names.filter((_, other) => other !== index);
    const address = `10.0.0.${index + 1}`;
    return node(`node-${index + 1}`, "eth0", address, { routes: [{ interface: "eth0", address, peers }], ...more });
  });
}

/** IPv4-mapped GID of RoCE v2 at an index. */
export function roceGid(index: number, lastByte = 11) {
  return {
    index,
    type: "RoCE v2",
    gid: `0000:0000:0000:0000:0000:ffff:0a00:00${lastByte.toString(16).padStart(2, "0")}`,
  };
}

/** An active InfiniBand port of 400 Gb/s. */
export function port(device = "mlx5_0", more: Partial<RdmaPort> = {}): RdmaPort {
  return { device, port: 1, linkLayer: "InfiniBand", state: "ACTIVE", rateGbps: 400, gids: [], ...more };
}

export function withPorts(...ports: RdmaPort[]): Partial<NetworkFacts> {
  return { rdma: { status: "present", value: { ports, hasDevices: true } } };
}

/** Ports of a case file in test/facts/cases/rdma. */
export function portsOf(file: string): Partial<NetworkFacts> {
  const value: Rdma = rdma.parse(readFileSync(path.join(__dirname, "../facts/cases/rdma", file), "utf8"));
  return { rdma: { status: "present", value } };
}
