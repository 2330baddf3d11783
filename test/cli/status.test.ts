import type { HostStatus, JobStatusLine } from "../../cli/host-status";
import { statusProblems } from "../../cli/status-problems";
import { statusChanges, statusText } from "../../cli/status-text";
import { secondsPerStep } from "../../cli/step-speed";

const training: JobStatusLine = {
  job: "train",
  incarnation: "a1",
  status: "running",
  step: 12,
  steps: 300,
  loss: 1.2345678,
  secondsPerStep: 2.5,
  tokensPerSecondAtMost: 52429,
  ageSeconds: 75,
  silentSeconds: 3,
  ranks: ["node-1", "node-1", "node-2", "node-2"],
};
const gpu = (index: number, changes = {}) => ({
  index,
  usedMib: 70_000,
  totalMib: 81_559,
  utilizationPercent: 95 + index,
  uncorrectedErrors: 0,
  pids: [],
  ...changes,
});
const first: HostStatus = {
  host: "node-1",
  reachable: true,
  container: "running",
  gpus: [gpu(0), gpu(1)],
  disks: [
    { mountPoint: "/", sizeGib: 400, freeGib: 300 },
    { mountPoint: "/data", sizeGib: 4000, freeGib: 210 },
  ],
  jobs: [training],
};
const second: HostStatus = { ...first, host: "node-2", jobs: [] };

test("hosts, GPUs, disks and jobs in tables", () => {
  expect(statusText([first, second])).toBe(
    [
      "HOST    SSH        CONTAINER  GPUS                      DISK",
      "node-1  reachable  running    2: 95-96 %, 68 of 80 GiB  /data 210 GiB left",
      "node-2  reachable  running    2: 95-96 %, 68 of 80 GiB  /data 210 GiB left",
      "",
      "JOB    STATUS   PROGRESS        LOSS   SPEED                                SINCE   LAST LINE  WHERE",
      "train  running  step 12 of 300  1.235  2.50 s/step, at most 52429 tokens/s  1m 15s  3.0s ago   4 ranks on node-1,node-2",
    ].join("\n"),
  );
});

const with1 = (changes: Partial<HostStatus>): HostStatus[] => [{ ...first, ...changes }, second];

test.each<[problem: string, all: HostStatus[], said: RegExp]>([
  [
    "a container lost its GPUs",
    with1({ problem: "container ms on node-1: gpus lost" }),
    /^container ms on node-1: gpus lost$/,
  ],
  ["errors of a GPU's memory", with1({ gpus: [gpu(0, { uncorrectedErrors: 2 })] }), /^node-1: GPU 0 has 2 uncorrected/],
  [
    "a disk that fills",
    with1({ disks: [{ mountPoint: "/data", sizeGib: 4000, freeGib: 19 }] }),
    /^node-1: \/data is filling: 19 of 4000 GiB left$/,
  ],
  [
    "a job without progress",
    with1({ jobs: [{ ...training, silentSeconds: 121 }] }),
    /^node-1: no rank of job train has printed anything for 2m 01s since step 12: muster logs train/,
  ],
  [
    "a job that never came to a step",
    with1({
      jobs: [
        {
          job: "train",
          incarnation: "a1",
          status: "running",
          ageSeconds: 1300,
          silentSeconds: 1201,
          ranks: ["node-1"],
        },
      ],
    }),
    /^node-1: no rank of job train has printed anything for 20m 01s:/,
  ],
])("told: %s", (_problem, all, said) => {
  const told = statusProblems(all).map(({ text }) => text);
  expect(told).toEqual([expect.stringMatching(said)]);
  expect(statusText(all)).toContain(told[0]);
});

test("nothing is told of slow steps, silent servers, jobs that ended, and small disks that have room", () => {
  const jobs: JobStatusLine[] = [
    { ...training, secondsPerStep: 60, silentSeconds: 900 },
    { job: "serve", incarnation: "a1", status: "ready", ageSeconds: 90_000, silentSeconds: 80_000, ranks: ["node-1"] },
    { ...training, status: "completed", silentSeconds: 80_000 },
  ];
  expect(statusProblems(with1({ jobs, disks: [{ mountPoint: "/boot", sizeGib: 2, freeGib: 1 }] }))).toEqual([]);
});

test("a watch in a pipe has a line for each change, and none for memory and seconds", () => {
  const look = (hosts: readonly HostStatus[]) => ({ hosts, findings: [] });
  const before = look([first, second]);
  expect(statusChanges(before, look(with1({ gpus: [gpu(0, { usedMib: 1 }), gpu(1)] })))).toEqual([]);
  const lost = look(
    with1({ jobs: [{ ...training, step: 13, loss: 1.2 }], problem: "container ms on node-1: gpus lost" }),
  );
  expect(statusChanges(before, lost)).toEqual([
    "job train on node-1: running, step 13 of 300, loss 1.200",
    "problem: container ms on node-1: gpus lost",
  ]);
  expect(
    statusChanges(
      lost,
      look([
        { ...first, jobs: [] },
        { ...second, reachable: false, gpus: [] },
      ]),
    ),
  ).toEqual([
    "host node-2: unreachable, container running, 0 GPUs",
    "job train on node-1: gone",
    "no longer a problem: container ms on node-1: gpus lost",
  ]);
});

test("the speed is the last one that was printed, in both of ms-swift's units", () => {
  expect(secondsPerStep("{'loss': 2.1, 'train_speed(s/it)': 0.75}\r{'train_speed(s/it)': 0.593135}\n")).toBe(0.593135);
  expect(secondsPerStep("'train_speed(iter/s)': '4.0'")).toBe(0.25);
  expect(secondsPerStep("'train_speed(iter/s)': 0.0")).toBeUndefined();
  expect(secondsPerStep("no step yet")).toBeUndefined();
});
