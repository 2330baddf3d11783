import { masterAddress, type NetworkFacts, planNetwork } from "../../plan/network";
import { type RdmaPort, usablePorts } from "../../plan/rdma";

const auto = { interface: "auto", rdma: "auto" } as const;

function node(name: string, device: string, address: string, more: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    node: name,
    routes: [{ peer: name === "node-1" ? "node-2" : "node-1", interface: device, address }],
    interfaces: [
      { name: "lo", addresses: ["127.0.0.1"], isUp: true },
      { name: device, addresses: [address], isUp: true, mtu: 1500 },
      { name: "eno9", addresses: ["192.168.0.1"], isUp: true, mtu: 1500 },
    ],
    rdmaPorts: [],
    hasRdmaDevices: false,
    ...more,
  };
}

const port = (more: Partial<RdmaPort> = {}): RdmaPort => ({
  device: "mlx5_0",
  port: 1,
  linkLayer: "InfiniBand",
  isActive: true,
  hasRoceV2Ipv4: false,
  ...more,
});
const withPorts = (...rdmaPorts: RdmaPort[]): Partial<NetworkFacts> => ({ rdmaPorts, hasRdmaDevices: true });

test("each node takes the interface of its route, whatever its name", () => {
  const plan = planNetwork([node("node-1", "eth0", "10.0.0.1"), node("node-2", "ens7", "10.0.0.2")], auto);
  expect(plan.nodes.map(n => n.env)).toEqual([
    { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0", NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" },
    { NCCL_SOCKET_IFNAME: "=ens7", GLOO_SOCKET_IFNAME: "ens7", NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" },
  ]);
  expect(plan.nodes[0]?.reason).toBe("the route to node-2");
  expect(plan.rdma.reason).toBe("no node has RDMA ports");
  expect(masterAddress(plan, "node-1")).toBe("10.0.0.1");
  expect(() => masterAddress(plan, "node-9")).toThrow("no network facts of node-9");
});

test("a name in the file wins, for all or for one node; one that is not there is an error", () => {
  const facts = [node("node-1", "eth0", "10.0.0.1"), node("node-2", "eth0", "10.0.0.2")];
  const one = planNetwork(facts, { interface: { "node-2": "eno9" }, rdma: "auto" });
  expect(one.nodes.map(n => [n.interface, n.address])).toEqual([
    ["eth0", "10.0.0.1"],
    ["eno9", "192.168.0.1"],
  ]);
  expect(planNetwork(facts, { interface: "eth7", rdma: "auto" }).findings).toMatchObject([
    { code: "interface-missing", host: "node-1", fact: "no interface eth7; there are lo, eth0, eno9" },
    { code: "interface-missing", host: "node-2" },
  ]);
});

test("routes by several interfaces, by a bridge, and different MTUs are told", () => {
  const split = node("node-1", "eth0", "10.0.0.1", {
    routes: [
      { peer: "node-2", interface: "eth0", address: "10.0.0.1" },
      { peer: "node-3", interface: "eth1", address: "10.1.0.1" },
    ],
  });
  expect(planNetwork([split], auto).findings[0]).toMatchObject({ code: "route-ambiguous", severity: "error" });
  const bridged = [node("node-1", "docker0", "172.17.0.1"), node("node-2", "eth0", "10.0.0.2")];
  expect(planNetwork(bridged, auto).findings[0]?.code).toBe("route-internal");
  expect(planNetwork(bridged, { interface: { "node-1": "docker0" }, rdma: "auto" }).findings).toEqual([]);
  const jumbo = { name: "eth0", addresses: ["10.0.0.2"], isUp: true, mtu: 9000 };
  const mixed = [node("node-1", "eth0", "10.0.0.1"), node("node-2", "eth0", "10.0.0.2", { interfaces: [jumbo] })];
  expect(planNetwork(mixed, auto).findings[0]?.code).toBe("mtu-differs");
});

test("a node without a way to another one is told", () => {
  const facts = [node("node-1", "eth0", "10.0.0.1"), node("node-2", "eth0", "10.0.0.2", { routes: [] })];
  expect(planNetwork(facts, auto).findings).toMatchObject([
    { code: "route-missing", host: "node-2", fact: "no route to node-1" },
  ]);
});

test("a cluster of one takes the first real interface", () => {
  const plan = planNetwork([node("node-1", "eth0", "10.0.0.1", { routes: [] })], auto);
  expect(plan.nodes[0]).toMatchObject({ interface: "eth0", address: "10.0.0.1", reason: "the only node" });
  expect(plan.findings).toEqual([]);
});

describe("RDMA is one decision for all nodes", () => {
  const two = (first: Partial<NetworkFacts>, second: Partial<NetworkFacts>, rdma: "auto" | "on" | "off" = "auto") =>
    planNetwork([node("node-1", "eth0", "10.0.0.1", first), node("node-2", "eth0", "10.0.0.2", second)], {
      interface: "auto",
      rdma,
    });

  test("on when every node has active ports of one kind, named exactly", () => {
    const plan = two(
      withPorts(port(), port({ device: "mlx5_1" }), port({ device: "mlx5_2", isActive: false })),
      withPorts(port()),
    );
    expect(plan.rdma).toMatchObject({
      enabled: true,
      linkLayer: "InfiniBand",
      reason: "every node has active InfiniBand ports",
    });
    expect(plan.nodes[0]?.env).toMatchObject({ NCCL_IB_DISABLE: "0", NCCL_IB_HCA: "=mlx5_0:1,mlx5_1:1" });
    expect(plan.nodes[0]?.env).not.toHaveProperty("NCCL_IBEXT_DISABLE");
    expect(plan.findings[0]?.code).toBe("rdma-ports-differ");
  });

  test.each<[string, Partial<NetworkFacts>, Partial<NetworkFacts>, string]>([
    ["one node without ports", withPorts(port()), {}, "node-2 without RDMA ports, so sockets on all nodes"],
    [
      "the device not there",
      withPorts(port()),
      { rdmaPorts: [port()], hasRdmaDevices: false },
      "node-2 without /dev/infiniband/uverbs*, so sockets on all nodes",
    ],
    [
      "two kinds",
      withPorts(port()),
      withPorts(port({ linkLayer: "Ethernet", hasRoceV2Ipv4: true })),
      "InfiniBand on some nodes and RoCE on others, so sockets on all nodes",
    ],
    [
      "a port that is down",
      withPorts(port()),
      withPorts(port({ isActive: false })),
      "no active port with a usable address on node-2, so sockets on all nodes",
    ],
    [
      "RoCE without an address",
      withPorts(port({ linkLayer: "Ethernet" })),
      withPorts(port({ linkLayer: "Ethernet", hasRoceV2Ipv4: true })),
      "no active port with a usable address on node-1, so sockets on all nodes",
    ],
  ])("off for all with %s; an error when the file says on", (_name, first, second, reason) => {
    const plan = two(first, second);
    expect(plan.rdma).toMatchObject({ enabled: false, reason });
    expect(plan.nodes.every(n => n.env.NCCL_IB_DISABLE === "1" && n.env.NCCL_IBEXT_DISABLE === "1")).toBe(true);
    expect(plan.findings).toEqual([]);
    expect(two(first, second, "on").findings).toMatchObject([
      { code: "rdma-impossible", severity: "error", fact: reason },
    ]);
  });

  test("off when the file says so", () => {
    expect(two(withPorts(port()), withPorts(port()), "off").rdma.reason).toBe("the cluster file says off");
    expect(usablePorts([port({ linkLayer: "Ethernet" })], "Ethernet")).toEqual([]);
  });
});
