import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { clock } from "../../facts/clock";
import { disks, freeDisks } from "../../facts/disks";
import { docker } from "../../facts/docker";
import { factOf, type Topic } from "../../facts/fact";
import { gpus } from "../../facts/gpus";
import { interfaces } from "../../facts/interfaces";
import { limits } from "../../facts/limits";
import { listeningPorts } from "../../facts/listening-ports";
import { memory } from "../../facts/memory";
import { operatingSystem } from "../../facts/os";
import { routes } from "../../facts/routes";

/** Case files are outputs of real tools; those of two peers, of docker and of a lost GPU are written by hand after them. */
const read = (file: string) => readFileSync(path.join(__dirname, "cases", file), "utf8");

const cases: [file: string, topic: Topic<unknown>, expected: unknown][] = [
  ["os/ubuntu-24.04-h200.txt", operatingSystem, { id: "ubuntu", versionId: "24.04", name: "Ubuntu 24.04.3 LTS" }],
  ["os/debian-12.txt", operatingSystem, { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" }],
  [
    "gpus/h200.txt",
    gpus,
    [
      {
        index: 0,
        name: "NVIDIA H200",
        uuid: "GPU-00000000-0000-0000-0000-000000000000",
        memoryMib: 143771,
        driverVersion: "580.159.04",
      },
    ],
  ],
  ["memory/h200.txt", memory, { totalMib: 128887 }],
  [
    "disks/h200.txt",
    disks,
    [
      { mountPoint: "/dev/shm", device: "tmpfs", sizeGib: 128 },
      { mountPoint: "/", device: "/dev/vda", sizeGib: 252 },
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
    "interfaces/debian-12.txt",
    interfaces,
    [
      { name: "lo", addresses: ["127.0.0.1", "::1"], isUp: true, mtu: 65536 },
      { name: "ifb0", addresses: [], isUp: false, mtu: 1500 },
      { name: "eth0", addresses: ["192.0.2.2", "fd00::2"], isUp: true, mtu: 1400 },
    ],
  ],
  [
    "routes/two-peers-one-unreachable.txt",
    routes([]),
    [
      { peer: "10.0.0.12", interface: "bond0", address: "10.0.0.11" },
      { peer: "10.0.1.13", interface: "bond0", address: "10.0.0.11", gateway: "10.0.0.1" },
    ],
  ],
  [
    "routes/asked-together.txt",
    routes(["10.83.0.13", "10.83.9.200", "10.99.0.1", "10.83.0.12"]),
    [
      { peer: "10.83.0.13", interface: "eth0", address: "10.83.0.11" },
      { peer: "10.83.9.200", interface: "eth0", address: "10.83.0.11", gateway: "10.83.0.1" },
      { peer: "10.83.0.12", interface: "eth0", address: "10.83.0.11" },
    ],
  ],
  [
    "docker/28.2-no-gpu.json.txt",
    docker,
    {
      version: "28.2.2",
      cgroupDriver: "systemd",
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
    expect.objectContaining({ hasNvidiaRuntime: true, cdiDevices: ["nvidia.com/gpu=0", "nvidia.com/gpu=all"] }),
  ],
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

test("limits, clock and ports", () => {
  expect(limits.parse("unlimited\n20000\n")).toEqual({ memlockKib: "unlimited", openFiles: 20000 });
  expect(clock.parse("1795464935.302912679\n").epochSeconds).toBeCloseTo(1795464935.3, 1);
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
    const ways = found.filter(({ peer }) => peer !== "::1").map(({ peer, interface: name }) => [peer, name]);
    // A machine may be without IPv6.
    expect(ways).toEqual([
      ["127.0.0.3", "lo"],
      ["localhost", "lo"],
      ["127.0.0.2", "lo"],
    ]);
    expect(readFileSync(path.join(folder, "calls"), "utf8")).toHaveLength(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a peer is found by its name as the host itself looks it up", () => {
  const answer = spawnSync("sh", ["-c", routes(["localhost", "nowhere.invalid"]).snippet], { encoding: "utf8" });
  expect(routes([]).parse(answer.stdout)).toMatchObject([{ peer: "localhost", interface: "lo" }]);
});
