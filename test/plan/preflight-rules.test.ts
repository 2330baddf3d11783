import { type Finding, splitAccepted } from "../../plan/finding";
import { preflight } from "../../plan/preflight";
import type { HostSight, Wanted } from "../../plan/preflight/host-sight";
import { parityFindings } from "../../plan/preflight/parity";
import { fullDisks } from "../../plan/space";

const present = <T>(value: T) => ({ status: "present", value }) as const;
const gpu = { name: "NVIDIA H100", memoryMib: 81559, driverVersion: "570" };
const inside = { memlockKib: "unlimited" as const, shmMib: 1024, gpuCount: 2 };
const id = `sha256:${"a".repeat(64)}`;
const host = (node: string, changes: Partial<HostSight> = {}): HostSight => ({
  node,
  gpus: [gpu, gpu],
  docker: { version: "28.2.2", hasGpuRuntime: true },
  memoryGib: 64,
  canBecomeRoot: true,
  rdma: { status: "absent" },
  container: present({ status: "running", imageId: id, inside }),
  ...changes,
});
const wanted: Wanted = {
  slots: 2,
  shmSizeGib: 1,
  inContainers: true,
  memlockBytes: -1,
  rdma: "auto",
  imageMustBeThere: true,
  imageReference: "glm:1",
  ports: () => [],
  paths: () => [],
};
/** Findings of three hosts of which the second is other. */
const told = (changes: Partial<HostSight>, wants: Partial<Wanted> = {}, usesRdma = false) =>
  preflight([host("a"), host("b", changes), host("c")], { ...wanted, ...wants }, usesRdma).map(
    ({ code, host: node, severity }) => `${severity} ${node ?? "all"} ${code}`,
  );

test("healthy hosts have no finding", () => expect(told({})).toEqual([]));

test("what could not be read is not taken for absent", () => {
  const { gpus: _g, docker: _d, memoryGib: _m, ...unread } = host("b");
  expect(preflight([host("a"), unread, host("c")], wanted)).toEqual([]);
});

test("memory that a process holds which is not seen counts, a driver's own does not", () => {
  const use = (usedMemoryMib: number, isOurs = false) => ({
    gpuHolders: present([{ index: 0, usedMemoryMib, isOurs, others: [] }]),
  });
  expect(told(use(78000))).toEqual(["error b gpus-busy"]);
  expect(told(use(600))).toEqual([]);
  expect(told(use(78000, true))).toEqual([]);
});

test("a clamped memlock is an error with RDMA only, and none where the file asks for no more", () => {
  const clamped = { container: present({ status: "running", imageId: id, inside: { ...inside, memlockKib: 8192 } }) };
  expect(told(clamped)).toEqual(["warning b memlock-limited"]);
  expect(told(clamped, {}, true)).toEqual(["error b memlock-limited"]);
  expect(told(clamped, { memlockBytes: 8192 * 1024 })).toEqual([]);
  expect(told({ hostMemlockKib: 64 }, { inContainers: false })).toEqual([]);
  expect(told({ hostMemlockKib: 64 }, { inContainers: false }, true)).toEqual(["error b memlock-limited"]);
});

test("without containers the host's own /dev/shm counts", () => {
  expect(told({ hostShmMib: 64 }, { inContainers: false })).toEqual(["warning b shm-too-small"]);
  expect(told({ hostShmMib: 64 })).toEqual([]);
});

test("the disk behind a mount is full", () => {
  const folder = (path: string, freeGib: number) => ({
    path,
    exists: true,
    mountPoint: "/data",
    device: "/dev/sdb",
    fileSystem: "ext4",
    freeGib,
  });
  expect(told({ mounts: present([folder("/data/a", 0), folder("/data/b", 0)]) })).toEqual(["warning b disk-full"]);
  expect(told({ mounts: present([folder("/data/a", 1)]) })).toEqual([]);
});

test("images: another one, one that is not there, one that will be pulled", () => {
  const other = present({ id: `sha256:${"b".repeat(64)}` });
  const all = (image: HostSight["image"], wants: Partial<Wanted> = {}) =>
    preflight(
      [
        host("a", { image: present({ id }) }),
        host("b", { ...(image && { image }), container: { status: "absent" } }),
        host("c", { image: present({ id }) }),
      ],
      { ...wanted, ...wants },
    ).map(({ code }) => code);
  expect(all(other)).toEqual(["images-differ", "container-missing"]);
  expect(all({ status: "absent" })).toEqual(["image-missing", "container-missing"]);
  expect(all({ status: "absent" }, { imageMustBeThere: false })).toEqual(["container-missing"]);
});

test("containers: other images, lost GPUs, one that ended", () => {
  expect(told({ container: present({ status: "running", imageId: `sha256:${"b".repeat(64)}`, inside }) })).toEqual([
    "error b container-images-differ",
  ]);
  expect(told({ container: present({ status: "running", imageId: id, inside: { ...inside, gpuCount: 1 } }) })).toEqual([
    "error b gpus-lost",
  ]);
  expect(told({ container: present({ status: "exited", imageId: id }) })).toEqual(["warning b container-down"]);
});

test("Docker's major version and the toolkit's version", () => {
  expect(told({ docker: { version: "28.5.0", hasGpuRuntime: true } })).toEqual([]);
  expect(told({ docker: { version: "24.0.7", hasGpuRuntime: true } })).toEqual(["warning b docker-versions-differ"]);
  const toolkits = ["1.17.8", "1.14.0", "1.17.8"].map((toolkitVersion, index) =>
    host("abc"[index] ?? "", { toolkitVersion }),
  );
  expect(preflight(toolkits, wanted)).toMatchObject([{ code: "toolkits-differ", host: "b" }]);
});

test("clocks: the odd one of three; of two the one that is further from the operator's; all together", () => {
  const clocks = (...ahead: number[]) =>
    preflight(
      ahead.map((clockAheadSeconds, index) => host("abcd"[index] ?? "", { clockAheadSeconds })),
      wanted,
    ).map(({ code, host: node, fact }) => `${node ?? "all"} ${code}: ${fact}`);
  expect(clocks(0, 40, 0)).toEqual(["b clock-skew: the clock is 40 s ahead of most hosts'"]);
  expect(clocks(-90, 0)).toEqual(["a clock-skew: the clock is 90 s behind the other's"]);
  expect(clocks(4, 0, -4)).toEqual([]);
  expect(clocks(3600, 3601, 3600)).toEqual([
    "all clock-skew-operator: the hosts' clocks are 3600 s ahead of this machine's",
  ]);
});

const rest = { code: "x-differ", severity: "warning" as const, why: "w", remedy: "r" };

test("without a majority one finding tells of all", () => {
  const compared = [
    { node: "a", value: "1" },
    { node: "b", value: "2" },
    { node: "c", value: undefined },
  ];
  expect(parityFindings("x", compared, rest)).toEqual([{ ...rest, hosts: ["a", "b"], fact: "x 1 on a; 2 on b" }]);
  expect(parityFindings("x", compared.slice(1), rest)).toEqual([]);
});

test("free space: folders on one disk share it, and what lies there already is not asked for again", () => {
  const want = (folder: string, gib: number) => ({
    node: "a",
    folder,
    bytes: gib * 2 ** 30,
    path: "train.output",
    use: "weights",
  });
  const space = (folder: string, freeGib: number, usedGib: number | undefined) => ({
    folder,
    mountPoint: "/data",
    freeBytes: freeGib * 2 ** 30,
    ...(usedGib !== undefined && { usedBytes: usedGib * 2 ** 30 }),
  });
  const two = [want("/data/a", 60), want("/data/b", 60)];
  const of = (first: number | undefined, second: number | undefined) => () => [
    space("/data/a", 100, first),
    space("/data/b", 100, second),
  ];
  expect(fullDisks(two, of(0, 0)).map(({ fact }) => fact)).toEqual([
    "/data has 100 GiB left, and 120 GiB will be written there: weights 60 GiB (train.output), weights 60 GiB (train.output)",
  ]);
  expect(fullDisks(two, of(30, 0))).toEqual([]);
  // What could not be counted may be there already.
  expect(fullDisks(two, of(undefined, 0))).toEqual([]);
  expect(fullDisks([...two, want("/data/a", 60)], of(30, 0))).toHaveLength(1);
});

test("a finding about hosts at odds is accepted for any of them", () => {
  const odds: Finding = { ...rest, fact: "x 1 on a; 2 on b", hosts: ["a", "b"] };
  const accept = (host: string) => splitAccepted([odds], [{ finding: rest.code, host, reason: "known" }]);
  expect(accept("b").standing).toEqual([]);
  expect(accept("c").standing).toEqual([odds]);
});
