import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { clock } from "../../facts/clock";
import { containerToolkit } from "../../facts/container-toolkit";
import { disks, freeDisks } from "../../facts/disks";
import { docker } from "../../facts/docker";
import { factOf, type Topic } from "../../facts/fact";
import { firewall } from "../../facts/firewall";
import { gpuUse } from "../../facts/gpu-use";
import { gpus } from "../../facts/gpus";
import { limits } from "../../facts/limits";
import { listeningPorts } from "../../facts/listening-ports";
import { memory } from "../../facts/memory";
import { operatingSystem } from "../../facts/os";
import { routes } from "../../facts/routes";
import { timeZone } from "../../facts/time-zone";

/** cases/SOURCES.md says where each file comes from. */
const read = (file: string) => readFileSync(path.join(__dirname, "cases", file), "utf8");

const cases: [file: string, topic: Topic<unknown>, expected: unknown][] = [
  ["os/ubuntu-24.04-h200.txt", operatingSystem, { id: "ubuntu", versionId: "24.04", name: "Ubuntu 24.04.3 LTS" }],
  ["os/debian-12.txt", operatingSystem, { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" }],
  ["memory/h200.txt", memory, { totalMib: 128887 }],
  [
    "disks/h200.txt",
    disks,
    [
      { mountPoint: "/dev/shm", device: "tmpfs", fileSystem: "tmpfs", sizeGib: 128 },
      { mountPoint: "/", device: "/dev/vda", fileSystem: "ext4", sizeGib: 252 },
    ],
  ],
  [
    "disks/h200.txt",
    freeDisks,
    [
      { mountPoint: "/dev/shm", freeGib: 128 },
      { mountPoint: "/", freeGib: 64 },
    ],
  ],
  [
    "disks/mounts.txt",
    disks,
    [
      { mountPoint: "/", device: "/dev/md0", fileSystem: "ext4", sizeGib: 1758 },
      { mountPoint: "/data", device: "/dev/nvme0n1", fileSystem: "xfs", sizeGib: 7154 },
      { mountPoint: "/mnt/shared models", device: "10.0.0.9:/export/models", fileSystem: "nfs4", sizeGib: 51200 },
      { mountPoint: "/mnt/cifs", device: "//fs 1/share", fileSystem: "cifs", sizeGib: 1024 },
    ],
  ],
  [
    "routes/two-peers-one-unreachable.txt",
    routes([]),
    [
      { interface: "bond0", address: "10.0.0.11", peers: ["10.0.0.12"] },
      { interface: "bond0", address: "10.0.0.11", gateway: "10.0.0.1", peers: ["10.0.1.13"] },
    ],
  ],
  [
    "routes/asked-together.txt",
    routes(["10.83.0.13", "10.83.9.200", "10.99.0.1", "10.83.0.12"]),
    [
      { interface: "eth0", address: "10.83.0.11", peers: ["10.83.0.13", "10.83.0.12"] },
      { interface: "eth0", address: "10.83.0.11", gateway: "10.83.0.1", peers: ["10.83.9.200"] },
    ],
  ],
  ["firewall/nft-drop.txt", firewall, { managers: ["ufw"], closedChains: ["ip filter INPUT"] }],
  ["firewall/iptables-open.txt", firewall, { managers: [], closedChains: ["ip6 filter INPUT"] }],
  [
    "gpu-use/h200-idle.txt",
    gpuUse,
    [{ index: 0, usedMemoryMib: 0, utilizationPercent: 0, uncorrectedErrors: 0, processes: [] }],
  ],
  [
    "gpu-use/two-processes.txt",
    gpuUse,
    [
      {
        index: 0,
        usedMemoryMib: 70312,
        utilizationPercent: 98,
        uncorrectedErrors: 0,
        processes: [{ pid: 4711, name: "python, -m a, b", usedMemoryMib: 70300 }],
      },
      { index: 1, usedMemoryMib: 512, processes: [{ pid: 4712, name: "[Not Found]" }] },
    ],
  ],
  [
    "docker/28.2-no-gpu.json.txt",
    docker,
    {
      version: "28.2.2",
      cgroupDriver: "systemd",
      cgroupVersion: "1",
      isRootless: false,
      rootDirectory: "/var/lib/docker",
      storageDriver: "overlay2",
      runtimes: ["io.containerd.runc.v2", "runc"],
      hasNvidiaRuntime: false,
      cdiDevices: [],
    },
  ],
  [
    "docker/nvidia-runtime-and-cdi.json.txt",
    docker,
    expect.objectContaining({
      hasNvidiaRuntime: true,
      isRootless: false,
      cdiDevices: ["nvidia.com/gpu=0", "nvidia.com/gpu=all"],
    }),
  ],
  ["docker/rootless.json.txt", docker, expect.objectContaining({ isRootless: true, cgroupVersion: "2" })],
];

test.each(cases)("%s", (file, topic, expected) => {
  expect(topic.parse(read(file))).toEqual(expected);
});

test("an answer of another shape is unknown with the tool's words, never absent and never a number", () => {
  expect(factOf(gpus, { exitCode: 0, output: read("gpus/lost.txt") })).toEqual({
    status: "unknown",
    reason: expect.stringContaining("Unable to determine the device handle"),
  });
});

test.each([
  [3, { status: "absent" }],
  [1, { status: "unknown", reason: "the daemon is down" }],
  [124, { status: "unknown", reason: "it did not answer in time" }],
])("exit code %p", (exitCode, expected) => {
  expect(factOf(docker, { exitCode, output: '{"half":"json"}\nthe daemon is down\n' })).toEqual(expected);
});

test("a topic that gave no answer at all is unknown", () => {
  expect(factOf(memory, undefined).status).toBe("unknown");
});

test("limits, clock, time zone, toolkit and ports", () => {
  expect(limits.parse("unlimited\n20000\n")).toEqual({ memlockKib: "unlimited", openFiles: 20000 });
  expect(clock.parse("1795464935.302912679\n").epochSeconds).toBeCloseTo(1795464935.3, 1);
  expect(clock.parse("1795464935.302912679\nno\n").isSynchronized).toBe(false);
  expect(timeZone.parse("Etc/UTC\n")).toEqual({ name: "UTC" });
  expect(timeZone.parse("Asia/Shanghai\n")).toEqual({ name: "Asia/Shanghai" });
  const said = "NVIDIA Container Toolkit CLI version 1.17.8\ncommit: f202b80a9b9d0db00d9b1d73c0128c8962c55f4d\n";
  expect(containerToolkit.parse(said)).toEqual({ version: "1.17.8" });
  expect(containerToolkit.parse("cli-version: 1.14.6\nlib-version: 1.14.6\n")).toEqual({ version: "1.14.6" });
  expect(listeningPorts.parse("0016\n1F90\n0016\n")).toEqual([22, 8080]);
});

test("a peer that is no address never becomes part of a script", () => {
  expect(routes(["10.0.0.1", "fe80::1"]).snippet).not.toContain("getent");
  expect(() => routes(["10.0.0.1; reboot"])).toThrow('"10.0.0.1; reboot" is neither an IP address nor a host name');
});

test("all peers with an IPv4 address are asked by one process, and answered in their order", () => {
  const peers = ["127.0.0.3", "localhost", "127.0.0.2", "::1"];
  const folder = mkdtempSync(path.join(tmpdir(), "muster-ip-"));
  try {
    const counting = `#!/bin/sh\nprintf . >>${folder}/calls\nPATH=\${PATH#*:} exec ip "$@"\n`;
    writeFileSync(path.join(folder, "ip"), counting, { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const answer = spawnSync("sh", ["-c", routes(peers).snippet], { encoding: "utf8", env });
    const found = routes(peers).parse(answer.stdout);
    expect(new Set(found.map(way => way.interface))).toEqual(new Set(["lo"]));
    const byPlace = found.flatMap(way => way.peers);
    // A machine may be without IPv6, and "localhost" may be either.
    expect(byPlace).toEqual(expect.arrayContaining(["127.0.0.3", "localhost", "127.0.0.2"]));
    expect(byPlace.indexOf("127.0.0.3")).toBeLessThan(byPlace.indexOf("127.0.0.2"));
    expect(readFileSync(path.join(folder, "calls"), "utf8")).toHaveLength(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a peer is found by its name as the host itself looks it up", () => {
  const answer = spawnSync("sh", ["-c", routes(["localhost", "nowhere.invalid"]).snippet], { encoding: "utf8" });
  expect(routes([]).parse(answer.stdout)).toMatchObject([{ peers: ["localhost"], interface: "lo" }]);
});
