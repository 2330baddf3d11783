import type { SurveyedHost } from "../../cli/host-survey";
import { FORMAT_VERSION, type HostFacts } from "../../facts/host-facts";
import type { NetworkInterface } from "../../facts/interfaces";
import { parsePassingFacts } from "../../facts/passing-facts";
import type { RdmaPort } from "../../facts/rdma";

/** What is wrong with a generated host; most have nothing. */
export type Flaw = "none" | "rdma-down" | "mtu" | "driver" | "few-gpus" | "port-taken" | "no-docker";

const flaws: readonly Flaw[] = ["rdma-down", "mtu", "driver", "few-gpus", "port-taken", "no-docker"];

/** The address of the n-th host, from 1. */
export function addressOf(number: number): string {
  return `10.20.${Math.floor(number / 250)}.${(number % 250) + 1}`;
}

/** Of hosts with flaws, every 50th has one. */
export function flawOf(number: number, hasFlaws: boolean): Flaw {
  return hasFlaws && number % 50 === 0 ? (flaws[(number / 50 - 1) % flaws.length] ?? "none") : "none";
}

/** A host with 8 H100 and 8 NDR ports, as it would be found. */
export function generatedHost(number: number, hosts: number, flaw: Flaw): SurveyedHost {
  const present = <T>(value: T) => ({ status: "present", value }) as const;
  const absent = { status: "absent" } as const;
  const address = addressOf(number);
  const peers = Array.from({ length: hosts }, (_, index) => addressOf(index + 1)).filter(peer => peer !== address);
  const facts: HostFacts = {
    formatVersion: FORMAT_VERSION,
    os: present({ id: "ubuntu", versionId: "22.04", name: "Ubuntu 22.04.4 LTS" }),
    kernel: present({ release: "5.15.0-105-generic", architecture: "x86_64" }),
    timeZone: present({ name: "UTC" }),
    processors: present({ count: 192, model: "Intel(R) Xeon(R) Platinum 8468", numaNodes: 2 }),
    memory: present({ totalMib: 2063540 }),
    gpus: present(Array.from({ length: flaw === "few-gpus" ? 7 : 8 }, (_, index) => gpu(number, index, flaw))),
    docker:
      flaw === "no-docker"
        ? absent
        : present({
            version: "27.5.1",
            cgroupDriver: "systemd",
            cgroupVersion: "2",
            isRootless: false,
            rootDirectory: "/var/lib/docker",
            storageDriver: "overlay2",
            runtimes: ["nvidia", "runc"],
            hasNvidiaRuntime: true,
            cdiDevices: [],
          }),
    containerToolkit: present({ version: "1.17.8" }),
    interfaces: present(interfacesOf(address, flaw)),
    routes: present([{ interface: "bond0", address, peers }]),
    rdma: present({
      ports: Array.from({ length: 8 }, (_, index) => ndrPort(number, index, flaw)),
      hasDevices: true,
    }),
    disks: present([
      { mountPoint: "/", device: "/dev/md0", fileSystem: "ext4", sizeGib: 1758 },
      { mountPoint: "/data", device: "/dev/md1", fileSystem: "xfs", sizeGib: 28000 },
    ]),
    sharedMemory: present({ sizeMib: 1031770 }),
    limits: present({ memlockKib: "unlimited", openFiles: 1048576 }),
    model: absent,
  };
  const passing = parsePassingFacts("");
  return {
    node: nameOf(number),
    address,
    facts,
    access: "root",
    foreignOwner: "",
    clockAheadSeconds: 0.01,
    passing: { ...passing, packages: absent },
    ports: present(flaw === "port-taken" ? [{ port: 2333, program: "nginx" }] : []),
    paths: absent,
    gpuHolders: absent,
    container: absent,
    image: absent,
    folderSpace: absent,
    hasMesh: false,
  };
}

export function nameOf(number: number): string {
  return `node-${number}`;
}

function gpu(host: number, index: number, flaw: Flaw) {
  const others = Array.from({ length: 8 }, (_, other) => other).filter(other => other !== index);
  return {
    index,
    name: "NVIDIA H100 80GB HBM3",
    uuid: `GPU-00000000-0000-4000-8000-${String(host * 8 + index).padStart(12, "0")}`,
    memoryMib: 81559,
    driverVersion: flaw === "driver" ? "535.104.05" : "550.90.07",
    cudaVersion: "12.4",
    pciAddress: `00000000:${(0x19 + index * 16).toString(16)}:00.0`,
    computeCapability: "9.0",
    hasMig: false,
    hasEcc: true,
    numaNode: index < 4 ? 0 : 1,
    links: Object.fromEntries([
      ...others.map(other => [`GPU${other}`, "NV18"]),
      ...Array.from({ length: 8 }, (_, nic) => [`mlx5_${nic}`, nic === index ? "PIX" : "SYS"]),
    ]) as Record<string, string>,
  };
}

function ndrPort(host: number, index: number, flaw: Flaw): RdmaPort {
  const isDown = flaw === "rdma-down" && index === 0;
  return {
    device: `mlx5_${index}`,
    port: 1,
    linkLayer: "InfiniBand",
    state: isDown ? "DOWN" : "ACTIVE",
    physicalState: isDown ? "Polling" : "LinkUp",
    rateGbps: 400,
    lanes: "4X NDR",
    gids: [
      {
        index: 0,
        type: "IB/RoCE v1",
        gid: `fe80:0000:0000:0000:b83f:d203:${host.toString(16).padStart(4, "0")}:000${index}`,
      },
    ],
    interface: `ib${index}`,
    numaNode: index < 4 ? 0 : 1,
    pciAddress: `0000:${(0x1a + index * 16).toString(16)}:00.0`,
    uverbs: `uverbs${index}`,
  };
}

function interfacesOf(address: string, flaw: Flaw): NetworkInterface[] {
  const base = { addresses: [], networks: [], isUp: true, mtu: 9000, lower: [] };
  return [
    { ...base, name: "lo", kind: "loopback", addresses: ["127.0.0.1"], networks: ["127.0.0.0/8"], mtu: 65536 },
    { ...base, name: "eno1", kind: "physical", speedMbps: 25000, driver: "mlx5_core" },
    { ...base, name: "eno2", kind: "physical", speedMbps: 25000, driver: "mlx5_core" },
    {
      ...base,
      name: "bond0",
      kind: "bond",
      addresses: [address],
      networks: ["10.20.0.0/16"],
      speedMbps: 50000,
      mtu: flaw === "mtu" ? 1500 : 9000,
      lower: ["eno1", "eno2"],
    },
    ...Array.from({ length: 8 }, (_, index) => ({
      ...base,
      name: `ib${index}`,
      kind: "infiniband" as const,
      mtu: 2044,
      speedMbps: 400000,
    })),
  ];
}
