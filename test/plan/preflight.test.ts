import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { formatFinding, splitAccepted } from "../../plan/finding";
import { hostPathOf } from "../../plan/mounts";
import { preflight } from "../../plan/preflight";
import type { HostSight, Wanted } from "../../plan/preflight/host-sight";
import { quote } from "../../remote/shell";
import { expectGolden } from "../support/golden";

const gpu = { name: "NVIDIA H100", memoryMib: 81559, driverVersion: "570" };
const eight = Array.from({ length: 8 }, () => gpu);
const fit: HostSight = {
  node: "node-1",
  gpus: eight,
  docker: { version: "28.2.2", hasGpuRuntime: true },
  memoryGib: 1000,
  portHolders: { status: "present", value: [] },
  existingPaths: { status: "present", value: ["/data/models/glm"] },
  canBecomeRoot: true,
  rdma: { status: "absent" },
  clockAheadSeconds: 0.2,
};
const wanted: Wanted = {
  slots: 8,
  shmSizeGib: 128,
  inContainers: true,
  memlockBytes: -1,
  rdma: "auto",
  imageMustBeThere: false,
  imageReference: "glm:1",
  ports: () => [{ port: 2333, use: "the containers' sshd", path: "container.sshPort" }],
  paths: () => [{ path: "/data/models/glm", use: "the model", setting: "pipeline.serve.model", mayCome: false }],
};

test("a fit host has no finding", () => {
  expect(preflight([fit, { ...fit, node: "node-2" }], wanted)).toEqual([]);
});

test("each unfit fact is told with why and remedy", () => {
  const bare: HostSight = {
    ...fit,
    docker: { hasGpuRuntime: false },
    node: "bare",
    canBecomeRoot: false,
    clockAheadSeconds: -300,
  };
  const small: HostSight = {
    ...fit,
    node: "small",
    gpus: eight.slice(4).map(each => ({ ...each, driverVersion: "550" })),
    memoryGib: 64,
    docker: { version: "28.2.2", hasGpuRuntime: false },
  };
  const busy: HostSight = {
    ...fit,
    node: "busy",
    portHolders: { status: "present", value: [{ port: 2333, program: "nginx" }] },
    existingPaths: { status: "present", value: [] },
    gpus: [],
  };
  expectGolden("plan/preflight.txt", `${preflight([bare, small, busy], wanted).map(formatFinding).join("\n")}\n`);
});

test("nobody asks for Docker, nor for room in the container's /dev/shm, where jobs run on the hosts", () => {
  const bare: HostSight = { ...fit, docker: { hasGpuRuntime: false }, memoryGib: 64 };
  expect(preflight([bare], wanted).map(finding => finding.code)).toEqual(["no-docker", "shm-above-memory"]);
  expect(preflight([bare], { ...wanted, inContainers: false })).toEqual([]);
});

test("an accepted finding stands apart with its reason", () => {
  const findings = preflight(
    [
      { ...fit, clockAheadSeconds: 90 },
      { ...fit, node: "node-2", clockAheadSeconds: -90 },
      { ...fit, node: "node-3" },
    ],
    wanted,
  );
  const split = splitAccepted(findings, [{ finding: "clock-skew", host: "node-1", reason: "no time server here" }]);
  expect(split.standing.map(f => f.host)).toEqual(["node-2"]);
  expect(split.accepted).toMatchObject([{ host: "node-1", reason: "no time server here" }]);
});

test("a container path leads to the host by its longest mount", () => {
  const mounts = [
    { host: "/data", container: "/mnt" },
    { host: "/fast/models/", container: "/mnt/models" },
  ];
  expect(hostPathOf("/mnt/models/glm", mounts)).toBe("/fast/models/glm");
  expect(hostPathOf("/mnt/modelsX", mounts)).toBe("/data/modelsX");
  expect(hostPathOf("/opt", mounts)).toBeUndefined();
});

test("a quoted word is read back by sh as it was", () => {
  const words = fc.array(
    fc.string({ unit: "binary" }).filter(text => !text.includes("\0") && Buffer.from(text).toString() === text),
    { minLength: 40, maxLength: 40 },
  );
  fc.assert(
    fc.property(words, list => {
      const script = `printf '%s\\0' ${list.map(quote).join(" ")}`;
      expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(list);
    }),
    { numRuns: 10 },
  );
});
