import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ABSENT, factOf } from "../../facts/fact";
import { rdma } from "../../facts/rdma";

const parsed = (file: string) => rdma.parse(readFileSync(path.join(__dirname, "cases/rdma", file), "utf8"));

test("eight NDR ports", () => {
  const { ports, hasDevices } = parsed("infiniband-ndr-8.txt");
  expect(hasDevices).toBe(true);
  expect(ports).toHaveLength(8);
  expect(ports[7]).toEqual({
    device: "mlx5_7",
    port: 1,
    linkLayer: "InfiniBand",
    state: "ACTIVE",
    physicalState: "LinkUp",
    rateGbps: 400,
    lanes: "4X NDR",
    gids: [{ index: 0, type: "IB/RoCE v1", gid: "fe80:0000:0000:0000:b83f:d203:00c6:1007" }],
    interface: "ib7",
    numaNode: 1,
    pciAddress: "0000:dc:00.0",
    uverbs: "uverbs7",
  });
});

test("a port that is down, and a port of another kind", () => {
  expect(parsed("infiniband-hdr-one-down.txt").ports.map(port => [port.state, port.physicalState])).toEqual([
    ["ACTIVE", "LinkUp"],
    ["DOWN", "Disabled"],
  ]);
  const mixed = parsed("mixed-link-layers.txt").ports;
  expect(mixed.map(port => port.linkLayer)).toEqual(["InfiniBand", "InfiniBand", "InfiniBand", "Ethernet"]);
  expect(mixed[0]).not.toHaveProperty("numaNode");
});

test("GIDs of RoCE with their types and interfaces; a bond and a VLAN are those of the GID", () => {
  const [first] = parsed("roce-two-rails.txt").ports;
  expect(first?.gids.map(gid => [gid.index, gid.type, gid.interface])).toEqual([
    [0, "IB/RoCE v1", "ens3np0"],
    [1, "RoCE v2", "ens3np0"],
    [2, "IB/RoCE v1", "ens3np0"],
    [3, "RoCE v2", "ens3np0"],
  ]);
  expect(parsed("roce-bond.txt").ports[0]).toMatchObject({ device: "mlx5_bond_0", interface: "bond0" });
  expect(parsed("roce-vlan.txt").ports[0]).toMatchObject({
    interface: "ens1f0np0",
    gids: expect.arrayContaining([expect.objectContaining({ index: 11, interface: "ens1f0np0.100" })]),
  });
});

describe("from a simulated sysfs", () => {
  const root = mkdtempSync(path.join(tmpdir(), "muster-simulated-sysfs-"));
  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), `${text}\n`);
  };
  const ask = () => {
    const script = rdma.snippet
      .replaceAll("/sys/class/infiniband", `${root}/class`)
      .replaceAll("/dev/infiniband", `${root}/dev`);
    const [output = "", code = ""] = execFileSync("/bin/sh", ["-c", `( ${script}\n ) 2>&1; echo "#$?"`], {
      encoding: "utf8",
    }).split("#");
    return factOf(rdma, { exitCode: Number(code), output });
  };
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("no adapter is absent", () => {
    expect(ask()).toEqual({ status: "absent" });
    expect(ABSENT).toBe(3);
  });

  test("an active RoCE port with its GIDs, an idle InfiniBand port, and the device file", () => {
    mkdirSync(path.join(root, "class/mlx5_0"), { recursive: true });
    mkdirSync(path.join(root, "pci/0000:17:00.0"), { recursive: true });
    symlinkSync(path.join(root, "pci/0000:17:00.0"), path.join(root, "class/mlx5_0/device"));
    put("class/mlx5_0/device/numa_node", "1");
    put("class/mlx5_0/device/net/eth2/dev_port", "0");
    put("class/mlx5_0/device/infiniband_verbs/uverbs0/abi_version", "1");
    put("class/mlx5_0/ports/1/link_layer", "Ethernet");
    put("class/mlx5_0/ports/1/state", "4: ACTIVE");
    put("class/mlx5_0/ports/1/phys_state", "5: LinkUp");
    put("class/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)");
    put("class/mlx5_0/ports/1/gids/0", "fe80:0000:0000:0000:0000:0000:0000:0000");
    put("class/mlx5_0/ports/1/gids/2", "0000:0000:0000:0000:0000:0000:0000:0000");
    put("class/mlx5_0/ports/1/gid_attrs/types/3", "RoCE v2");
    put("class/mlx5_0/ports/1/gid_attrs/ndevs/3", "eth2");
    put("class/mlx5_0/ports/1/gids/3", "0000:0000:0000:0000:0000:ffff:0a00:000b");
    put("class/mlx5_1/ports/1/link_layer", "InfiniBand");
    put("class/mlx5_1/ports/1/state", "1: DOWN");
    put("class/mlx5_1/ports/1/rate", "400 Gb/sec (4X NDR)");
    put("dev/uverbs0", "");
    expect(ask()).toEqual({
      status: "present",
      value: {
        hasDevices: true,
        ports: [
          {
            device: "mlx5_0",
            port: 1,
            linkLayer: "Ethernet",
            state: "ACTIVE",
            physicalState: "LinkUp",
            rateGbps: 100,
            lanes: "4X EDR",
            gids: [{ index: 3, type: "RoCE v2", gid: "0000:0000:0000:0000:0000:ffff:0a00:000b", interface: "eth2" }],
            interface: "eth2",
            numaNode: 1,
            pciAddress: "0000:17:00.0",
            uverbs: "uverbs0",
          },
          {
            device: "mlx5_1",
            port: 1,
            linkLayer: "InfiniBand",
            state: "DOWN",
            rateGbps: 400,
            lanes: "4X NDR",
            gids: [],
          },
        ],
      },
    });
  });
});
