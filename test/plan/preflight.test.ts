import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { formatFinding, splitAccepted } from "../../plan/finding";
import { hostPathOf } from "../../plan/mounts";
import { type HostFacts, preflight } from "../../plan/preflight";
import { quote } from "../../remote/shell";
import { expectGolden } from "../support/golden";

const fit: HostFacts = {
  node: "node-1",
  gpuCount: 8,
  dockerVersion: "28.2.2",
  hasGpuRuntime: true,
  memoryGib: 1000,
  driverVersion: "570",
  listeningPorts: [22],
  existingPaths: ["/data/models/glm"],
  canBecomeRoot: true,
  clockSkewSeconds: 0.2,
};
const wanted = {
  slots: 8,
  shmSizeGib: 128,
  inContainers: true,
  ports: () => [{ port: 2333, use: "the containers' sshd" }],
  paths: () => [{ path: "/data/models/glm", use: "the model" }],
};

test("a fit host has no finding", () => {
  expect(preflight([fit, { ...fit, node: "node-2" }], wanted)).toEqual([]);
});

test("each unfit fact is told with why and remedy", () => {
  const bare = { ...fit, node: "bare", dockerVersion: undefined, canBecomeRoot: false, clockSkewSeconds: -300 };
  const small = { ...fit, node: "small", gpuCount: 4, memoryGib: 64, hasGpuRuntime: false, driverVersion: "550" };
  const busy = { ...fit, node: "busy", listeningPorts: [22, 2333], existingPaths: [], gpuCount: 0 };
  expectGolden("plan/preflight.txt", `${preflight([bare, small, busy], wanted).map(formatFinding).join("\n")}\n`);
});

test("nobody asks for Docker, nor for room in the container's /dev/shm, where jobs run on the hosts", () => {
  const bare = { ...fit, dockerVersion: undefined, hasGpuRuntime: false, memoryGib: 64 };
  expect(preflight([bare], wanted).map(finding => finding.code)).toEqual(["no-docker", "shm-above-memory"]);
  expect(preflight([bare], { ...wanted, inContainers: false })).toEqual([]);
});

test("an accepted finding stands apart with its reason", () => {
  const findings = preflight(
    [
      { ...fit, clockSkewSeconds: 90 },
      { ...fit, node: "node-2", clockSkewSeconds: 90 },
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
