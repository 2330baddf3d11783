import { ncclOfTorch, needsGidIndex } from "../../plan/gid-index";
import { type NetworkChoice, planNetwork } from "../../plan/network";
import { judgePorts, railOrder } from "../../plan/rdma-ports";
import { auto, fleet, port, portsOf, roceGid, withPorts } from "../support/network-facts";

const roce = (device = "mlx5_0", more = {}) => port(device, { linkLayer: "Ethernet", gids: [roceGid(3)], ...more });
const hcas = (plan: ReturnType<typeof planNetwork>) => plan.nodes.map(each => each.env.NCCL_IB_HCA);
const codes = (plan: ReturnType<typeof planNetwork>) => plan.findings.map(each => each.code);

describe("one decision for all nodes", () => {
  test("InfiniBand on all: every port, named exactly, in the order of the rails", () => {
    const plan = planNetwork(fleet(portsOf("infiniband-ndr-8.txt"), portsOf("infiniband-ndr-8.txt")), auto);
    expect(plan.rdma).toEqual({
      enabled: true,
      linkLayer: "InfiniBand",
      reason: "every node has active InfiniBand ports",
    });
    const all = "=mlx5_0:1,mlx5_1:1,mlx5_2:1,mlx5_3:1,mlx5_4:1,mlx5_5:1,mlx5_6:1,mlx5_7:1";
    expect(hcas(plan)).toEqual([all, all]);
    expect(plan.nodes[0]?.env).toMatchObject({ NCCL_IB_DISABLE: "0" });
    expect(plan.nodes[0]?.env).not.toHaveProperty("NCCL_IBEXT_DISABLE");
    expect(plan.nodes[0]?.env).not.toHaveProperty("NCCL_IB_GID_INDEX");
    expect(plan.findings).toEqual([]);
  });

  test("RoCE on all, over two rails", () => {
    const plan = planNetwork(fleet(portsOf("roce-two-rails.txt"), portsOf("roce-two-rails.txt")), auto);
    expect(plan.rdma.reason).toBe("every node has active RoCE ports");
    expect(hcas(plan)).toEqual(["=mlx5_0:1,mlx5_1:1", "=mlx5_0:1,mlx5_1:1"]);
    expect(plan.nodes[0]?.env).not.toHaveProperty("NCCL_IB_GID_INDEX");
  });

  test("a port of another kind, and one that is down, are left out", () => {
    const mixed = planNetwork(fleet(portsOf("mixed-link-layers.txt"), portsOf("mixed-link-layers.txt")), auto);
    expect(hcas(mixed)[0]).toBe("=mlx5_0:1,mlx5_1:1,mlx5_2:1");
    expect(mixed.nodes[0]?.rdma?.leftOut).toEqual([{ name: "mlx5_3:1", reason: "Ethernet" }]);
    const down = planNetwork(fleet(portsOf("infiniband-hdr-one-down.txt"), withPorts(port())), auto);
    expect(hcas(down)).toEqual(["=mlx5_0:1", "=mlx5_0:1"]);
    expect(down.nodes[0]?.rdma?.leftOut).toEqual([{ name: "mlx5_1:1", reason: "DOWN, Disabled" }]);
  });

  test("nodes with InfiniBand and RoCE beside it, and nodes with RoCE only, meet on RoCE", () => {
    const both = withPorts(port("mlx5_0"), roce("mlx5_1"));
    const plan = planNetwork(fleet(both, withPorts(roce("mlx5_5"))), auto);
    expect(plan.rdma.linkLayer).toBe("Ethernet");
    expect(hcas(plan)).toEqual(["=mlx5_1:1", "=mlx5_5:1"]);
  });

  test.each<[string, Parameters<typeof fleet>, string]>([
    ["no ports anywhere", [{}, {}], "no node has RDMA ports"],
    ["a node without ports", [withPorts(port()), {}, {}], "node-2, node-3 have no RDMA port"],
    [
      "no device file",
      [withPorts(port()), { rdma: { status: "present", value: { ports: [port()], hasDevices: false } } }],
      "node-2 has no /dev/infiniband/uverbs*",
    ],
    ["two kinds", [withPorts(port()), withPorts(roce())], "InfiniBand on node-1, RoCE on node-2"],
    [
      "a port that is down",
      [withPorts(port()), withPorts(port()), withPorts(port("mlx5_0", { state: "DOWN", physicalState: "Polling" }))],
      "node-3 has no active port",
    ],
    [
      "a port that no subnet manager has seen",
      [withPorts(port()), withPorts(port("mlx5_0", { state: "INIT" }))],
      "node-2 has no active port",
    ],
    [
      "RoCE without an address, and with a link-local one",
      [
        withPorts(
          roce("mlx5_0", { gids: [{ index: 1, type: "RoCE v2", gid: "fe80:0000:0000:0000:0ac0:ebff:feda:1cfb" }] }),
        ),
        withPorts(
          roce("mlx5_0", { gids: [{ index: 3, type: "RoCE v2", gid: "0000:0000:0000:0000:0000:ffff:a9fe:0102" }] }),
        ),
      ],
      "node-1, node-2 have no port with a RoCE v2 GID of an IPv4 address",
    ],
    [
      "ports that could not be read",
      [withPorts(port()), { rdma: { status: "unknown", reason: "it did not answer in time" } }],
      "the RDMA ports of node-2 could not be read",
    ],
  ])("off for all with %s; an error when the file says on", (_name, facts, reason) => {
    const plan = planNetwork(fleet(...facts), auto);
    expect(plan.rdma).toEqual({ enabled: false, reason });
    expect(plan.nodes.every(n => n.env.NCCL_IB_DISABLE === "1" && n.env.NCCL_IBEXT_DISABLE === "1")).toBe(true);
    expect(plan.findings).toEqual([]);
    expect(planNetwork(fleet(...facts), { ...auto, rdma: "on" }).findings).toMatchObject([
      { code: "rdma-impossible", severity: "error", fact: reason },
    ]);
  });

  test("off when the file says so; then no container sees the devices", () => {
    const plan = planNetwork(fleet(withPorts(port()), withPorts(port())), { ...auto, rdma: "off" });
    expect(plan.rdma).toEqual({ enabled: false, reason: "the cluster file says off" });
    expect(plan.nodes.map(each => each.passesRdma)).toEqual([false, false]);
  });
});

test("a container has the devices of its own host, also while another host keeps RDMA off", () => {
  const down = withPorts(port("mlx5_0", { state: "DOWN" }));
  const passes = (...facts: Parameters<typeof fleet>) =>
    planNetwork(fleet(...facts), auto).nodes.map(n => n.passesRdma);
  expect(passes(withPorts(port()), withPorts(port()))).toEqual([true, true]);
  expect(passes(withPorts(port()), down)).toEqual([true, true]);
  expect(passes(withPorts(port()), {})).toEqual([true, false]);
});

describe("ports of a node", () => {
  test("are ordered as the slots are, whatever the kernel called them", () => {
    const ports = [
      port("mlx5_10", { numaNode: 1, pciAddress: "0000:9a:00.0" }),
      port("mlx5_2", { numaNode: 0, pciAddress: "0000:40:00.0" }),
      port("mlx5_1", { numaNode: 0, pciAddress: "0000:4f:00.0" }),
    ];
    expect(railOrder(ports).map(each => each.device)).toEqual(["mlx5_2", "mlx5_1", "mlx5_10"]);
    expect(railOrder([port("mlx5_10"), port("mlx5_9")]).map(each => each.device)).toEqual(["mlx5_9", "mlx5_10"]);
  });

  test("below half of the fastest are for something else, unless they are named", () => {
    const value = {
      hasDevices: true,
      ports: [roce("mlx5_0"), roce("mlx5_1", { rateGbps: 200 }), roce("mlx5_2", { rateGbps: 25 })],
    };
    expect(judgePorts(value, "Ethernet")).toMatchObject({
      used: [{ device: "mlx5_0" }, { device: "mlx5_1" }],
      leftOut: [{ name: "mlx5_2:1", reason: "25 Gb/s, others have 400" }],
    });
    expect(judgePorts(value, "Ethernet", ["mlx5_2"])).toMatchObject({ used: [{ device: "mlx5_2" }] });
  });

  test("that differ in number or rate between the nodes warn", () => {
    const counts = planNetwork(fleet(withPorts(port(), port("mlx5_1")), withPorts(port())), auto);
    expect(counts.findings).toMatchObject([
      {
        code: "rdma-ports-differ",
        hosts: ["node-1", "node-2"],
        fact: "usable RDMA ports: 2 on node-1; 1 on node-2",
      },
    ]);
    const both = withPorts(port(), port("mlx5_1"));
    expect(planNetwork(fleet(both, withPorts(port()), both), auto).findings).toMatchObject([
      { code: "rdma-ports-differ", host: "node-2", fact: "usable RDMA ports: 1; most hosts have 2" },
    ]);
    const rates = planNetwork(fleet(withPorts(port()), withPorts(port("mlx5_0", { rateGbps: 200 }))), auto);
    expect(rates.findings).toMatchObject([
      { code: "rdma-rates-differ", fact: "rates of the RDMA ports in Gb/s: 400 on node-1; 200 on node-2" },
    ]);
  });
});

describe("ports of the cluster file", () => {
  const two = withPorts(port(), port("mlx5_1"), port("mlx5_2", { state: "DOWN" }));
  const plan = (hca: NetworkChoice["hca"]) => planNetwork(fleet(two, two), { ...auto, hca });

  test("are taken in its order, for all or for one node", () => {
    expect(hcas(plan(["mlx5_1", "mlx5_0:1"]))).toEqual(["=mlx5_1:1,mlx5_0:1", "=mlx5_1:1,mlx5_0:1"]);
    const one = plan({ "node-2": ["mlx5_1"] });
    expect(hcas(one)).toEqual(["=mlx5_0:1,mlx5_1:1", "=mlx5_1:1"]);
    expect(codes(one)).toEqual(["rdma-ports-differ"]);
  });

  test("that are not there are an error, those that are down warn", () => {
    expect(plan({ "node-1": ["mlx5_0", "mlx5_7:1"] }).findings).toMatchObject([
      {
        code: "hca-missing",
        severity: "error",
        host: "node-1",
        fact: "no RDMA port mlx5_7:1; there are mlx5_0:1, mlx5_1:1, mlx5_2:1",
      },
      { code: "rdma-ports-differ" },
    ]);
    const down = plan(["mlx5_0", "mlx5_2"]);
    expect(hcas(down)[0]).toBe("=mlx5_0:1");
    expect(down.findings).toMatchObject([
      { code: "hca-unusable", severity: "warning", host: "node-1", fact: "mlx5_2:1 cannot be used: DOWN" },
      { code: "hca-unusable", host: "node-2" },
    ]);
    expect(plan(["mlx5_2"]).rdma).toEqual({ enabled: false, reason: "node-1, node-2 have no active port" });
  });
});

describe("the GID index", () => {
  const facts = fleet(portsOf("roce-two-rails.txt"), portsOf("roce-vlan.txt"));

  test("is set only for an NCCL that does not find it, from the table of each node", () => {
    const indices = (ncclVersion: string | undefined) =>
      planNetwork(facts, auto, { ncclVersion }).nodes.map(each => each.env.NCCL_IB_GID_INDEX);
    expect(indices("2.20.5")).toEqual(["3", "11"]);
    expect(indices("2.21.5")).toEqual([undefined, undefined]);
    expect(indices(undefined)).toEqual([undefined, undefined]);
    const infiniband = fleet(portsOf("infiniband-ndr-8.txt"), portsOf("infiniband-ndr-8.txt"));
    expect(planNetwork(infiniband, auto, { ncclVersion: "2.18.3" }).nodes[0]?.env).not.toHaveProperty(
      "NCCL_IB_GID_INDEX",
    );
  });

  test("is one for all ports: a port with another one is left out", () => {
    const ports = [roce("mlx5_0"), roce("mlx5_1", { gids: [roceGid(5)] }), roce("mlx5_2")];
    const plan = planNetwork(fleet(withPorts(...ports), withPorts(roce("mlx5_0"), roce("mlx5_2"))), auto, {
      ncclVersion: "2.18.3",
    });
    expect(hcas(plan)).toEqual(["=mlx5_0:1,mlx5_2:1", "=mlx5_0:1,mlx5_2:1"]);
    expect(plan.nodes[0]?.rdma?.leftOut).toEqual([
      { name: "mlx5_1:1", reason: "its RoCE v2 GID is 5, and this NCCL takes one index for all (3)" },
    ]);
  });

  test("of the cluster file wins, and warns where it is no address of RoCE v2", () => {
    const plan = planNetwork(facts, { ...auto, gidIndex: 3 });
    expect(plan.nodes.map(each => each.env.NCCL_IB_GID_INDEX)).toEqual(["3", "3"]);
    expect(plan.findings).toContainEqual(
      expect.objectContaining({
        code: "gid-unfit",
        severity: "warning",
        host: "node-2",
        fact: "GID 3 of mlx5_0:1 is not RoCE v2 with an IPv4 address",
      }),
    );
    const one = planNetwork(facts, { ...auto, gidIndex: { "node-2": 11 } });
    expect(one.nodes.map(each => each.env.NCCL_IB_GID_INDEX)).toEqual([undefined, "11"]);
  });

  test("is needed below NCCL 2.21, which came with torch 2.5", () => {
    expect(["2.18.3", "2.20.5", "1.9"].map(needsGidIndex)).toEqual([true, true, true]);
    expect(["2.21.5", "2.26.2", "3.0", undefined].map(needsGidIndex)).toEqual([false, false, false, false]);
    expect(["2.4.1", "2.5.0", "2.11.0", "3.0", "x"].map(ncclOfTorch).map(needsGidIndex)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
