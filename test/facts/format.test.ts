import { currentFacts } from "../../facts/format";
import { FORMAT_VERSION, type HostFacts, unaskedFacts } from "../../facts/host-facts";
import { networkFactsOf } from "../../plan/known-facts";
import { planNetwork } from "../../plan/network";

/** As the version before wrote it into the state. */
const first = {
  os: { status: "present", value: { id: "debian", versionId: "12", name: "Debian" } },
  routes: {
    status: "present",
    value: [
      { peer: "10.0.0.2", interface: "eth0", address: "10.0.0.1" },
      { peer: "10.0.0.3", interface: "eth0", address: "10.0.0.1" },
    ],
  },
  interfaces: {
    status: "present",
    value: [
      { name: "lo", addresses: ["127.0.0.1"], isUp: true, mtu: 65536 },
      { name: "eth0", addresses: ["10.0.0.1"], isUp: true, mtu: 1500 },
    ],
  },
  rdma: {
    status: "present",
    value: {
      hasDevices: true,
      ports: [
        {
          device: "mlx5_0",
          port: 1,
          linkLayer: "Ethernet",
          isActive: true,
          rate: "100 Gb/sec (4X EDR)",
          hasRoceV2Ipv4: true,
        },
        { device: "mlx5_1", port: 1, linkLayer: "Ethernet", isActive: false, rate: "100 Gb/sec", hasRoceV2Ipv4: true },
      ],
    },
  },
} as unknown as HostFacts;

test("facts of the format before give the same network, and what was not asked then is unknown", () => {
  const facts = currentFacts(first);
  expect(facts.formatVersion).toBe(FORMAT_VERSION);
  expect(facts.os).toEqual(first.os);
  expect(facts.timeZone).toMatchObject({ status: "unknown", reason: expect.stringContaining("not asked for") });
  const known = { node: "node-1", address: "10.0.0.1", facts, access: "root", foreignOwner: "" };
  const plan = planNetwork(networkFactsOf([known]), { interface: "auto", rdma: "auto" });
  expect(plan.nodes[0]).toMatchObject({ interface: "eth0", address: "10.0.0.1" });
  expect(plan.nodes[0]?.env).toMatchObject({ NCCL_IB_DISABLE: "0", NCCL_IB_HCA: "=mlx5_0:1" });
});

test("facts of the present format are left as they are", () => {
  const facts = unaskedFacts("why");
  expect(currentFacts(facts)).toBe(facts);
});
