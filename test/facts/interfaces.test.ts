import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { interfaces } from "../../facts/interfaces";

const parsed = (file: string) => interfaces.parse(readFileSync(path.join(__dirname, "cases/interfaces", file), "utf8"));
const named = (file: string, name: string) => parsed(file).find(each => each.name === name);

test("a machine that says nothing in sysfs", () => {
  expect(parsed("debian-12.txt")).toEqual([
    {
      name: "lo",
      kind: "loopback",
      addresses: ["127.0.0.1", "::1"],
      networks: ["127.0.0.0/8"],
      isUp: true,
      mtu: 65536,
      lower: [],
    },
    { name: "ifb0", kind: "virtual", addresses: [], networks: [], isUp: false, mtu: 1500, lower: [] },
    {
      name: "eth0",
      kind: "virtual",
      addresses: ["192.0.2.2", "fd00::2"],
      networks: ["192.0.2.0/24"],
      isUp: true,
      mtu: 1400,
      lower: [],
    },
  ]);
});

test("VLANs over a bond of two links, one of them without a cable", () => {
  const file = "bond-and-vlans.txt";
  expect(named(file, "bond0.3000")).toMatchObject({
    kind: "vlan",
    addresses: ["10.30.0.11"],
    networks: ["10.30.0.0/22"],
    speedMbps: 10000,
    lower: ["bond0"],
  });
  expect(named(file, "bond0")).toMatchObject({ kind: "bond", addresses: [], lower: ["eth0", "eth1"] });
  expect(named(file, "eth0")).toMatchObject({
    kind: "physical",
    isUp: true,
    speedMbps: 10000,
    driver: "ixgbe",
    pciAddress: "0000:02:00.0",
    numaNode: 0,
  });
  expect(named(file, "eth1")?.isUp).toBe(false);
  expect(named(file, "eth1")).not.toHaveProperty("speedMbps");
});

test("IP over InfiniBand, a tunnel and a bridge are told; what containers bring is left out, and addresses that pass", () => {
  const file = "infiniband-and-containers.txt";
  expect(parsed(file).map(each => [each.name, each.kind])).toEqual([
    ["lo", "loopback"],
    ["enp5s0", "physical"],
    ["ib0", "infiniband"],
    ["ib1", "infiniband"],
    ["tailscale0", "tunnel"],
    ["br0", "bridge"],
  ]);
  expect(named(file, "ib0")).toMatchObject({ speedMbps: 400000, driver: "mlx5_core", networks: ["10.10.0.0/16"] });
  expect(named(file, "enp5s0")?.addresses).toEqual(["192.0.2.21", "2001:db8::21"]);
});

test("a virtual machine's card has a driver, and no speed", () => {
  const found = named("virtio.txt", "eth0");
  expect(found).toMatchObject({ kind: "physical", driver: "virtio_net", networks: ["10.0.0.0/20"] });
  expect(found).not.toHaveProperty("speedMbps");
  expect(found).not.toHaveProperty("pciAddress");
});

test("this machine's loopback", () => {
  const output = execFileSync("sh", ["-c", interfaces.snippet], { encoding: "utf8" });
  expect(interfaces.parse(output).find(each => each.name === "lo")).toMatchObject({ kind: "loopback", isUp: true });
});
