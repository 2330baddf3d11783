import type { NetworkInterface } from "../../facts/interfaces";
import { planNetwork } from "../../plan/network";
import { preflight } from "../../plan/preflight";
import type { HostSight, Wanted } from "../../plan/preflight/host-sight";
import { auto, fleet, link, node, port, withPorts } from "../support/network-facts";

const address = (index: number) => `10.0.0.${index}`;
/** The data network's interface of a host, and what else it has. */
const having = (index: number, ...more: NetworkInterface[]) => ({
  interfaces: [
    link("lo", "127.0.0.1", { kind: "loopback" }),
    link("eth0", address(index), { speedMbps: 25000 }),
    ...more,
  ],
});
const tunnel = (name: string, own: string) => link(name, own, { kind: "tunnel", mtu: 1280 });
const bridge = (name: string) => link(name, "10.88.0.1", { kind: "bridge", isUp: false });

test.each([
  [
    "several networks, of which the others are each host's own",
    fleet(
      having(1, link("eth1", "192.168.7.1", { speedMbps: 100000, mtu: 9000 })),
      having(2, link("eth1", "192.168.8.1", { speedMbps: 100000, mtu: 9000 })),
    ),
  ],
  [
    "a fast network of their own on some hosts",
    fleet(
      having(1, link("eth1", "10.5.0.1", { speedMbps: 400000 })),
      having(2, link("eth1", "10.5.0.2", { speedMbps: 400000 })),
      having(3),
    ),
  ],
  [
    "tailscale, WireGuard and bridges of containers and machines beside the network",
    fleet(having(1, tunnel("tailscale0", "100.64.0.1"), bridge("virbr0")), having(2, tunnel("wg0", "10.99.0.2"))),
  ],
  [
    "peers with addresses of IPv6 only",
    [
      node("node-1", "eth0", "fd00::1", { interfaces: [link("eth0", "fd00::1")] }),
      node("node-2", "eth0", "fd00::2", { interfaces: [link("eth0", "fd00::2")] }),
    ],
  ],
  [
    "two subnets with a router between them",
    fleet(
      { routes: [{ interface: "eth0", address: address(1), gateway: "10.0.0.254", peers: ["node-2"] }] },
      {
        interfaces: [link("ens5", "10.0.1.2")],
        routes: [{ interface: "ens5", address: "10.0.1.2", gateway: "10.0.1.254", peers: ["node-1"] }],
      },
    ),
  ],
  [
    "ways to neighbours and to others over a gateway, by one interface",
    fleet(
      {
        routes: [
          { interface: "eth0", address: address(1), peers: ["node-2"] },
          { interface: "eth0", address: address(1), gateway: "10.0.0.254", peers: ["node-3"] },
        ],
      },
      {},
      {},
    ),
  ],
  [
    "InfiniBand beside a slow network",
    fleet({ ...having(1), ...withPorts(port()) }, { ...having(2), ...withPorts(port()) }),
  ],
  [
    "a bond with all its links",
    fleet(
      ...[1, 2].map(index => ({
        interfaces: [
          link("eth0", address(index), { kind: "bond", lower: ["ens1f0", "ens1f1"], speedMbps: 50000 }),
          link("ens1f0", undefined, { speedMbps: 25000 }),
          link("ens1f1", undefined, { speedMbps: 25000 }),
        ],
      })),
    ),
  ],
])("nothing is found on hosts with %s", (_what, facts) => {
  expect(planNetwork(facts, auto).findings).toEqual([]);
});

const wanted: Wanted = {
  slots: 2,
  shmSizeGib: 1,
  inContainers: true,
  memlockBytes: -1,
  rdma: "auto",
  imageMustBeThere: false,
  imageReference: "glm:1",
  ports: () => [],
  paths: () => [],
};
const gpu = { name: "NVIDIA A100", memoryMib: 81920, driverVersion: "570" };
const host = (name: string, changes: Partial<HostSight> = {}): HostSight => ({
  node: name,
  gpus: [gpu, gpu],
  docker: { version: "28.2.2", hasGpuRuntime: true },
  memoryGib: 64,
  canBecomeRoot: true,
  rdma: { status: "absent" },
  ...changes,
});

test("GPUs that are cut into instances are GPUs; their memory in use may not be told", () => {
  const idle = [0, 1].map(index => ({ index, usedMemoryMib: 0, isOurs: false, others: [] }));
  const mig = { gpuHolders: { status: "present", value: idle } } as const;
  expect(preflight([host("a", mig), host("b", mig)], wanted)).toEqual([]);
});

test("of hosts without any GPU that is all that is told, not how they differ", () => {
  const bare = { gpus: [], docker: { version: "28.2.2", hasGpuRuntime: true } };
  const told = preflight([host("a", bare), host("b", bare), host("c", bare)], wanted);
  expect(told.map(({ host: where, code }) => `${where} ${code}`)).toEqual([
    "a slots-above-gpus",
    "b slots-above-gpus",
    "c slots-above-gpus",
  ]);
});
