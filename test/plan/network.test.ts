import { type NetworkFacts, planNetwork, withUnaskedNodes } from "../../plan/network";
import { networkTable } from "../../plan/network-table";
import { auto, fleet, link, node, port, withPorts } from "../support/network-facts";

const codes = (plan: ReturnType<typeof planNetwork>) => plan.findings.map(each => each.code);

test("each node takes the interface of its route, whatever its name", () => {
  const plan = planNetwork([node("node-1", "eth0", "10.0.0.1"), node("node-2", "ens7", "10.0.0.2")], auto);
  expect(plan.nodes.map(n => n.env)).toEqual([
    { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0", NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" },
    { NCCL_SOCKET_IFNAME: "=ens7", GLOO_SOCKET_IFNAME: "ens7", NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" },
  ]);
  expect(plan.nodes[0]?.reason).toBe("the route to node-2");
  expect(plan.rdma.reason).toBe("no node has RDMA ports");
  expect(plan.findings).toEqual([]);
});

test("addresses of IPv6 are told to NCCL, which looks for IPv4 first", () => {
  const plan = planNetwork([node("node-1", "eth0", "fd00::1"), node("node-2", "eth0", "fd00::2")], auto);
  expect(plan.nodes[0]?.env).toMatchObject({ NCCL_SOCKET_FAMILY: "AF_INET6" });
});

test("the table for people: where, how fast, why, and RDMA with the reason", () => {
  const fast = { interfaces: [link("eth0", "10.0.0.1", { speedMbps: 25000 })] };
  const off = fleet({ ...fast, ...withPorts(port()) }, fast, {
    ...fast,
    ...withPorts(port("mlx5_0", { state: "DOWN" })),
  });
  expect(networkTable(planNetwork(off, auto))).toEqual([
    "node-1: eth0 10.0.0.1 25 Gb/s (the route to node-2, node-3); RDMA off: node-2 has no RDMA port",
    "node-2: eth0 10.0.0.2 25 Gb/s (the route to node-1, node-3); RDMA off: node-2 has no RDMA port",
    "node-3: eth0 10.0.0.3 25 Gb/s (the route to node-1, node-2); RDMA off: node-2 has no RDMA port",
  ]);
  const slow = port("mlx5_9", { rateGbps: 25 });
  const on = fleet(withPorts(port(), port("mlx5_1"), slow), withPorts(port(), port("mlx5_1")));
  expect(networkTable(withUnaskedNodes(planNetwork(on, auto), [{ node: "node-3", address: "10.0.0.3" }], []))).toEqual([
    "node-1: eth0 10.0.0.1 (the route to node-2); RDMA on: mlx5_0:1, mlx5_1:1 (InfiniBand, 2 x 400 Gb/s); not mlx5_9:1 (25 Gb/s, others have 400)",
    "node-2: eth0 10.0.0.2 (the route to node-1); RDMA on: mlx5_0:1, mlx5_1:1 (InfiniBand, 2 x 400 Gb/s)",
    "node-3: 10.0.0.3 (out of reach: the address of the cluster file); RDMA unknown",
  ]);
});

describe("what the cluster file says wins", () => {
  const facts = [node("node-1", "eth0", "10.0.0.1"), node("node-2", "eth0", "10.0.0.2")];

  test("an interface, for all or for one node; one that is not there is an error", () => {
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

  test("an interface that the routes do not take, or that is down, warns", () => {
    expect(planNetwork(facts, { interface: { "node-2": "eno9" }, rdma: "auto" }).findings).toMatchObject([
      {
        code: "interface-not-routed",
        severity: "warning",
        host: "node-2",
        fact: "the cluster file names eno9, and the routes to the other nodes leave by eth0",
      },
    ]);
    const down = [
      facts[0] ?? node("", "", ""),
      node("node-2", "eth0", "10.0.0.2", { interfaces: [link("eth0", "10.0.0.2", { isUp: false })] }),
    ];
    expect(codes(planNetwork(down, { interface: "eth0", rdma: "auto" }))).toEqual(["interface-down"]);
  });

  test("an address brings its interface; one that no interface has is an error", () => {
    const two = [
      facts[0] ?? node("", "", ""),
      node("node-2", "eth0", "10.0.0.2", { interfaces: [link("eth0", "10.0.0.2"), link("ens3", "10.9.0.2")] }),
    ];
    const plan = planNetwork(two, { ...auto, address: { "node-2": "10.9.0.2" } });
    expect(plan.nodes[1]).toMatchObject({
      interface: "ens3",
      address: "10.9.0.2",
      env: { GLOO_SOCKET_IFNAME: "ens3" },
    });
    expect(codes(plan)).toEqual(["interface-not-routed"]);
    expect(planNetwork(two, { ...auto, address: { "node-2": "10.8.0.2" } }).findings).toMatchObject([
      {
        code: "address-missing",
        severity: "error",
        fact: "no interface has 10.8.0.2; there are 10.0.0.2 (eth0), 10.9.0.2 (ens3)",
      },
    ]);
    expect(
      planNetwork(two, { rdma: "auto", interface: "eth0", address: { "node-2": "10.9.0.2" } }).findings,
    ).toMatchObject([{ code: "address-missing", fact: "10.9.0.2 is an address of ens3, not of eth0" }]);
  });

  test("variables, also of the container; those that contradict the plan warn", () => {
    const plan = planNetwork(
      facts,
      { ...auto, env: { NCCL_IB_DISABLE: "0", NCCL_DEBUG: "INFO", GLOO_SOCKET_IFNAME: "eth0" } },
      { containerEnv: { NCCL_SOCKET_IFNAME: "ib0" } },
    );
    expect(plan.nodes[0]?.env).toMatchObject({ NCCL_IB_DISABLE: "0", NCCL_DEBUG: "INFO", NCCL_SOCKET_IFNAME: "=eth0" });
    expect(plan.findings).toMatchObject([
      {
        code: "env-contradicts",
        severity: "warning",
        path: "network.env.NCCL_IB_DISABLE",
        fact: "it says 0; by the facts it would be 1 on node-1, node-2",
      },
      { code: "env-contradicts", path: "container.env.NCCL_SOCKET_IFNAME" },
    ]);
  });
});

describe("routes", () => {
  test("by several interfaces, or by a bridge or tunnel", () => {
    const split = node("node-1", "eth0", "10.0.0.1", {
      routes: [
        { interface: "eth0", address: "10.0.0.1", peers: ["node-2"] },
        { interface: "eth1", address: "10.1.0.1", peers: ["node-3"] },
      ],
    });
    expect(planNetwork([split], auto).findings[0]).toMatchObject({
      code: "route-ambiguous",
      severity: "error",
      fact: "the routes to the other nodes leave by eth0 to node-2, eth1 to node-3",
    });
    const bridged = [node("node-1", "docker0", "172.17.0.1"), node("node-2", "eth0", "10.0.0.2")];
    expect(codes(planNetwork(bridged, auto))).toEqual(["route-internal"]);
    expect(codes(planNetwork(bridged, { interface: { "node-1": "docker0" }, rdma: "auto" }))).toEqual([]);
    const vpn = node("node-1", "vpn", "100.64.0.7", { interfaces: [link("vpn", "100.64.0.7", { kind: "tunnel" })] });
    expect(codes(planNetwork([vpn, node("node-2", "eth0", "10.0.0.2")], auto))).toEqual(["route-internal"]);
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
});

test("whether a container gets the RDMA devices depends on its own host alone: no container is replaced for another host", () => {
  const own = withPorts(port());
  const others: Partial<NetworkFacts>[] = [
    {},
    withPorts(port()),
    withPorts(port("mlx5_0", { state: "DOWN" })),
    withPorts(port("mlx5_0", { linkLayer: "Ethernet" })),
    { rdma: { status: "present", value: { ports: [port()], hasDevices: false } } },
    { rdma: { status: "unknown", reason: "Input/output error" } },
  ];
  const passes = (...facts: NetworkFacts[]) => planNetwork(facts, auto).nodes[0]?.passesRdma;
  for (const state of ["ACTIVE", "DOWN", "INIT"]) {
    const first = withPorts(port("mlx5_0", { state }));
    expect(others.map(other => passes(...fleet(first, other, own)))).toEqual(others.map(() => true));
  }
  expect(others.map(other => passes(...fleet({}, other, own)))).toEqual(others.map(() => false));
  expect(passes(...fleet(own, own).slice(0, 1))).toBe(true);
  expect(planNetwork(fleet(own, own), { ...auto, rdma: "off" }).nodes.map(each => each.passesRdma)).toEqual([
    false,
    false,
  ]);
});

describe("what differs", () => {
  const two = (first: Parameters<typeof link>[2], second: Parameters<typeof link>[2]) =>
    fleet({ interfaces: [link("eth0", "10.0.0.1", first)] }, { interfaces: [link("eth0", "10.0.0.2", second)] });

  test("MTU and speed", () => {
    expect(planNetwork(two({ mtu: 9000 }, {}), auto).findings).toMatchObject([
      {
        code: "mtu-differs",
        severity: "warning",
        hosts: ["node-1", "node-2"],
        fact: "MTU 9000 on node-1; 1500 on node-2",
      },
    ]);
    const three = [...two({ mtu: 9000 }, {}), node("node-3", "eth0", "10.0.0.3")];
    const odd = planNetwork(three, auto).findings.filter(({ code }) => code === "mtu-differs");
    expect(odd).toMatchObject([{ host: "node-1", fact: "MTU 9000; most hosts have 1500" }]);
    expect(planNetwork(two({ speedMbps: 100000 }, { speedMbps: 1000 }), auto).findings).toMatchObject([
      { code: "speed-differs", severity: "warning", hosts: ["node-1", "node-2"] },
    ]);
    expect(planNetwork(two({ speedMbps: 1000 }, {}), auto).findings).toEqual([]);
  });

  test("a bond beneath a VLAN with a link that is down", () => {
    const interfaces = [
      link("bond0.100", "10.0.0.1", { kind: "vlan", lower: ["bond0"] }),
      link("bond0", undefined, { kind: "bond", lower: ["ens1f0", "ens1f1"] }),
      link("ens1f0"),
      link("ens1f1", undefined, { isUp: false }),
    ];
    const routes = [{ interface: "bond0.100", address: "10.0.0.1", peers: ["node-2"] }];
    expect(planNetwork(fleet({ interfaces, routes }, {}), auto).findings).toMatchObject([
      { code: "bond-degraded", host: "node-1", fact: "bond0 has 1 of 2 links up; down: ens1f1" },
    ]);
  });

  test("routes over the network for management, where a data network joins all nodes", () => {
    const both = (last: number, data: string) => ({
      interfaces: [
        link("eno1", `10.0.0.${last}`, { speedMbps: 1000 }),
        link(data, `10.5.0.${last}`, { speedMbps: 100000 }),
        link("storage", `10.${last}.9.1`, { speedMbps: 100000 }),
      ],
      routes: [{ interface: "eno1", address: `10.0.0.${last}`, peers: [last === 1 ? "node-2" : "node-1"] }],
    });
    const facts = fleet(both(1, "ens2"), both(2, "enp7s0"));
    expect(planNetwork(facts, auto).findings).toMatchObject([
      {
        code: "faster-network",
        severity: "warning",
        fact: "the network 10.5.0.0/24 joins all nodes with 100 Gb/s (ens2 on node-1; enp7s0 on node-2); the routes to the nodes' addresses take one with 1 Gb/s",
      },
    ]);
    const rdma = facts.map(each => ({ ...each, ...withPorts(port()) }));
    expect(planNetwork(rdma, auto).findings).toEqual([]);
    expect(codes(planNetwork(facts, { interface: "eno1", rdma: "auto" }))).toEqual([]);
  });
});
