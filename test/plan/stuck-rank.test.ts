import type { JobProcess } from "../../facts/job-processes";
import { type Activity, activities } from "../../plan/watch/activity";
import { ranksOn, type WatchedRank } from "../../plan/watch/rank";
import { silentWays } from "../../plan/watch/silent-way";
import { stuckRanks, type WatchedJob } from "../../plan/watch/stuck-rank";

const still: Partial<WatchedJob> = { step: 120, steps: 400, secondsPerStep: 1, silentSeconds: 30 };
const process = (rank: number, more: Partial<Activity> = {}): Activity => ({
  job: "train",
  incarnation: "a1",
  launcher: rank < 2 ? 0 : 1,
  rank,
  worldSize: 4,
  pid: 4700 + rank,
  parent: 1,
  name: "python3",
  startTicks: 1,
  state: "S",
  cpuSeconds: 9,
  switches: 9,
  ioBytes: 9,
  unchangedSeconds: 0,
  ...more,
});
const rank = (index: number, more: Partial<WatchedRank> = {}, main: Partial<Activity> = {}): WatchedRank => ({
  host: index < 2 ? "node-1" : "node-2",
  rank: index,
  worldSize: 4,
  launcher: index < 2 ? 0 : 1,
  main: process(index, main),
  helpers: [],
  cpuShare: 0.01,
  ioBytesPerSecond: 0,
  ...more,
});
/** Four ranks, all as `usual` but one. */
const four = (usual: Partial<WatchedRank>, odd: Partial<WatchedRank> = {}, main: Partial<Activity> = {}) => [
  rank(0, usual),
  rank(1, usual),
  rank(2, usual),
  rank(3, { ...usual, ...odd }, main),
];
const told = (ranks: WatchedRank[], job: Partial<WatchedJob> = still) =>
  stuckRanks({ job: "train", ...job, ranks }).map(each => `${each.severity} ${each.kind} ${each.rank}`);

const spins = { cpuShare: 1, gpu: 0, gpuPercent: 100 };

describe("a rank is named by what the kernel says of it", () => {
  test("stopped, with all that a person needs", () => {
    const ranks = four({}, { gpu: 1 }, { state: "T", unchangedSeconds: 8.2, pid: 4711 });
    expect(stuckRanks({ job: "train", ...still, silentSeconds: 9, ranks })).toEqual([
      {
        job: "train",
        severity: "problem",
        host: "node-2",
        rank: 3,
        pid: 4711,
        kind: "stopped",
        text: "train: rank 3 (node-2, GPU 1, pid 4711) has not run for 8 s: stopped (state T); on node-2: kill -CONT 4711; the other 3 wait; step 120 of 400, last line 9 s ago",
      },
    ]);
  });

  test("also before the first step, and where not all ranks are in sight", () => {
    const stopped = rank(3, {}, { state: "T", unchangedSeconds: 2 });
    expect(told([stopped], { silentSeconds: 2 })).toEqual(["problem stopped 3"]);
  });

  test("its helper, or its launcher, which has no rank", () => {
    const loader = process(3, { name: "pt_data_worker", state: "T", unchangedSeconds: 2, pid: 4800 });
    const [finding] = stuckRanks({ job: "train", ...still, ranks: four({}, { helpers: [loader] }) });
    expect(finding?.text).toMatch(/^train: pt_data_worker of rank 3 \(node-2, pid 4800\) has not run for 2 s/);
    const { rank: _rank, worldSize: _size, ...launcher } = rank(3, {}, { state: "T", unchangedSeconds: 2 });
    const [other] = stuckRanks({ job: "train", ...still, ranks: [launcher] });
    expect(other?.text).toMatch(/^train: a process of launcher 1 \(node-2, pid 4703\) has not run/);
  });

  test("waiting for a device: for some seconds a disk may write a checkpoint, unless the steps stand still", () => {
    const waits = (unchangedSeconds: number) => four(spins, {}, { state: "D", unchangedSeconds, waitsIn: "nfs_wait" });
    const goesOn = { ...still, silentSeconds: 2 };
    expect(told(waits(5), goesOn)).toEqual([]);
    expect(told(waits(12), goesOn)).toEqual(["problem device-wait 3"]);
    expect(told(waits(5))).toEqual(["problem device-wait 3"]);
    expect(stuckRanks({ job: "train", ...still, ranks: waits(5) })[0]?.text).toMatch(/has waited in nfs_wait for 5 s/);
  });

  test("ended, and nobody took notice; one that ended just now will be noticed", () => {
    const ended = (unchangedSeconds: number) => four({}, {}, { state: "Z", unchangedSeconds });
    expect(told(ended(2), { ...still, silentSeconds: 2 })).toEqual([]);
    expect(told(ended(12), { ...still, silentSeconds: 2 })).toEqual(["problem zombie 3"]);
  });
});

describe("a rank is named by what sets it apart while the steps stand still", () => {
  test("nothing on its GPU while NCCL's kernels spin on the others", () => {
    const idle = { gpu: 1, gpuPercent: 0, cpuShare: 0 };
    expect(told(four(spins, idle))).toEqual(["problem gpu-idle 3"]);
    expect(told([rank(0, { ...spins, worldSize: 2 }), rank(1, { ...idle, worldSize: 2 })])).toEqual([
      "problem gpu-idle 1",
    ]);
  });

  test("one that writes or computes meanwhile is only noted: a checkpoint, an evaluation", () => {
    const saves = { gpu: 1, gpuPercent: 0, cpuShare: 0.2, ioBytesPerSecond: 120e6 };
    expect(told(four(spins, saves))).toEqual(["note gpu-idle 3"]);
    expect(told(four(spins, { gpu: 1, gpuPercent: 0, cpuShare: 0.9 }))).toEqual(["note gpu-idle 3"]);
  });

  test("alone at work while gloo's waiters sleep is noted", () => {
    expect(told(four({}, { cpuShare: 1 }))).toEqual(["note busy-alone 3"]);
  });

  test("asleep in another place than all others is noted", () => {
    const ranks = [0, 1, 2].map(index => rank(index, {}, { waitsIn: "futex_do_wait" }));
    expect(told([...ranks, rank(3, {}, { waitsIn: "pipe_read" })])).toEqual(["note waits-elsewhere 3"]);
  });
});

const healthy: readonly (readonly [what: string, ranks: WatchedRank[], job?: Partial<WatchedJob>])[] = [
  ["steps go on, whatever a moment shows", four(spins, { gpuPercent: 0, cpuShare: 0 }), { ...still, silentSeconds: 3 }],
  ["slow steps", four(spins, { gpuPercent: 0 }), { ...still, secondsPerStep: 20, silentSeconds: 70 }],
  ["no step yet: reading data, compiling", four({}, { cpuShare: 1 }), { silentSeconds: 300 }],
  ["after the last step", four({}, { cpuShare: 1 }), { ...still, step: 400, silentSeconds: 300 }],
  ["all wait for each other", four({})],
  ["all at work: an evaluation", four(spins)],
  ["half and half", [rank(0, spins), rank(1, spins), rank(2), rank(3)]],
  [
    "one sleeps while the others compute without GPUs: it may be the one that is ready",
    four({ cpuShare: 1 }, { cpuShare: 0 }),
  ],
  ["a host is out of sight", four(spins, { gpuPercent: 0, cpuShare: 0 }).slice(1)],
  ["only one look", four(spins, { gpuPercent: 0, cpuShare: 0 }).map(({ cpuShare: _share, ...seen }) => seen)],
  ["a program's children that ended", four({}, { helpers: [process(3, { state: "Z", unchangedSeconds: 90 })] })],
  ["a stop that this look sees first", four({}, {}, { state: "T", unchangedSeconds: 0 })],
];

test.each(healthy.map(([what, ranks, job]) => ({ what, ranks, job })))("nobody is named: $what", ({ ranks, job }) => {
  expect(told(ranks, job)).toEqual([]);
});

test("the rank is the first process with its number; what it started counts with it, and is on its GPU", () => {
  const at = (pid: number, parent: number, more: Partial<Activity> = {}) => process(3, { pid, parent, ...more });
  const { rank: _rank, worldSize: _size, ...launcher } = at(10, 1);
  const busy = { cpuShare: 0.5, ioBytesPerSecond: 5 };
  const loader = at(30, 20, { name: "pt_data_worker", ...busy });
  const found = ranksOn(
    "node-2",
    [loader, at(20, 10, busy), launcher],
    [
      { index: 0, pids: [99] },
      { index: 1, utilizationPercent: 40, pids: [20] },
    ],
  );
  expect(found).toMatchObject([
    { rank: 3, main: { pid: 20 }, helpers: [{ pid: 30 }], cpuShare: 1, ioBytesPerSecond: 10, gpu: 1, gpuPercent: 40 },
    { main: { pid: 10 }, helpers: [] },
  ]);
});

test("a process is unchanged for as long as nothing of it moves, and one with an id that came back is another one", () => {
  const { unchangedSeconds: _unchanged, ...own } = process(3);
  const look = (uptimeSeconds: number, more: Partial<JobProcess> = {}) => ({
    uptimeSeconds,
    processes: [{ ...own, ...more }],
  });
  const seen = (uptimeSeconds: number, before: ReturnType<typeof look> & { processes: Activity[] }, more = {}) => ({
    uptimeSeconds,
    processes: activities(before, look(uptimeSeconds, more)),
  });
  const first = { uptimeSeconds: 100, processes: activities(undefined, look(100)) };
  expect(first.processes).toMatchObject([{ unchangedSeconds: 0 }]);
  const second = seen(105, first);
  const third = seen(110, second);
  expect(third.processes).toMatchObject([{ unchangedSeconds: 10, cpuShare: 0 }]);
  expect(seen(112, third, { cpuSeconds: 10 }).processes).toMatchObject([{ unchangedSeconds: 0, cpuShare: 0.5 }]);
  expect(seen(112, third, { ioBytes: 209 }).processes).toMatchObject([{ unchangedSeconds: 0, ioBytesPerSecond: 100 }]);
  expect(seen(112, third, { startTicks: 7 }).processes).toMatchObject([{ unchangedSeconds: 0 }]);
  expect(seen(112, third, { startTicks: 7 }).processes[0]).not.toHaveProperty("cpuShare");
});

test("a way without answers is named by both its ends; some lost packets are not", () => {
  const names = new Map([["10.0.0.3", "node-3"]]);
  const peers = [
    { job: "train", address: "10.0.0.3", connections: 3, retries: 7 },
    { job: "train", address: "10.9.9.9", connections: 1, retries: 4 },
    { job: "train", address: "10.0.0.4", connections: 1, retries: 3 },
  ];
  expect(silentWays("node-1", peers, address => names.get(address)).map(({ text }) => text)).toEqual([
    "train: node-1 gets no answer from node-3 (10.0.0.3) on 3 connections; sent again 7 times. Test the way: on node-1: ping -c 3 10.0.0.3",
    "train: node-1 gets no answer from 10.9.9.9 on 1 connection; sent again 4 times. Test the way: on node-1: ping -c 3 10.9.9.9",
  ]);
});
