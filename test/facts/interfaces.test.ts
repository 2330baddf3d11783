import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

test("the kinds and what lies beneath, from a simulated sysfs and a simulated ip", () => {
  const root = mkdtempSync(path.join(tmpdir(), "muster-simulated-net-"));
  try {
    const put = (file: string, text: string) => {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), `${text}\n`);
    };
    for (const name of ["bond0", "bond0.7", "eth0", "tun0", "br0"]) put(`net/${name}/ifindex`, "1");
    put("net/bond0/uevent", "DEVTYPE=bond\nINTERFACE=bond0\nIFINDEX=4");
    put("net/bond0/speed", "50000");
    put("net/bond0/lower_eth0", "");
    put("net/bond0.7/uevent", "DEVTYPE=vlan\nINTERFACE=bond0.7");
    put("net/bond0.7/lower_bond0", "");
    put("net/tun0/tun_flags", "0x1001");
    put("net/br0/bridge/forward_delay", "0");
    put("net/br0/lower_veth0a1b2c3", "");
    mkdirSync(path.join(root, "pci/0000:3b:00.1"), { recursive: true });
    mkdirSync(path.join(root, "drivers/mlx5_core"), { recursive: true });
    symlinkSync(path.join(root, "pci/0000:3b:00.1"), path.join(root, "net/eth0/device"));
    symlinkSync(path.join(root, "drivers/mlx5_core"), path.join(root, "pci/0000:3b:00.1/driver"));
    put("pci/0000:3b:00.1/numa_node", "1");
    put("net/bonding_masters", "bond0");
    const links = ["bond0", "bond0.7", "eth0", "tun0", "br0"].map(ifname => ({
      ifname,
      flags: [],
      mtu: 1500,
      link_type: "ether",
    }));
    writeFileSync(path.join(root, "ip"), `#!/bin/sh\nprintf '%s' '${JSON.stringify(links)}'\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${root}:${process.env.PATH}` };
    const script = interfaces.snippet.replaceAll("/sys/class/net", `${root}/net`);
    const found = interfaces.parse(execFileSync("sh", ["-c", script], { encoding: "utf8", env }));
    expect(found.map(({ name, kind, lower }) => [name, kind, lower])).toEqual([
      ["bond0", "bond", ["eth0"]],
      ["bond0.7", "vlan", ["bond0"]],
      ["eth0", "physical", []],
      ["tun0", "tunnel", []],
      ["br0", "bridge", []],
    ]);
    expect(found[0]?.speedMbps).toBe(50000);
    expect(found[2]).toMatchObject({ driver: "mlx5_core", pciAddress: "0000:3b:00.1", numaNode: 1 });
  } finally {
    rmSync(root, { recursive: true });
  }
});
