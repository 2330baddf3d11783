import { goals } from "../../../scripts/bench-hosts/goals";
import { type BenchResult, marginalRows, ratioRows, reportText } from "../../../scripts/bench-hosts/report";
import { cells, type RunName, type RunRecord, type ToolName } from "../../../scripts/bench-hosts/results";

function record(
  tool: ToolName,
  hosts: number,
  run: RunName,
  seconds: number,
  more: Partial<RunRecord> = {},
): RunRecord {
  return {
    ...{ tool, hosts, run, repetition: 1, seconds, operatorCpuSeconds: 1, loadBefore: 0 },
    ...{ hostCpuSeconds: [0.5, 0.7], handshakes: [1, 1], execs: [2, 3] },
    ...more,
  };
}

/** Times of `up` at 4 and 16 hosts, first and second. */
function measured(tool: ToolName, first: [number, number], second: [number, number]): RunRecord[] {
  return [
    record(tool, 4, "first", first[0]),
    record(tool, 16, "first", first[1]),
    record(tool, 4, "second", second[0]),
    record(tool, 16, "second", second[1]),
  ];
}

const RECORDS = [
  ...measured("muster", [4, 10], [3, 9]),
  ...measured("by-hand", [1, 7], [0.5, 2]),
  ...measured("ansible", [30, 60], [20, 40]),
  ...measured("pyinfra", [8, 20], [4, 8]),
  record("muster", 4, "preview", 3, { firstLineSeconds: 2 }),
];

test("repetitions become one cell; counts are of all hosts in all of them", () => {
  const [cell, ...rest] = cells([
    record("muster", 4, "first", 3, { execs: [1, 5] }),
    record("muster", 4, "first", 9, { execs: [2, 2], hostCpuSeconds: [] }),
    record("muster", 4, "first", 4, { execs: [2, 2] }),
  ]);
  expect(rest).toEqual([]);
  expect(cell).toMatchObject({
    seconds: { median: 4, min: 3, max: 9 },
    execs: { median: 2, min: 1, max: 5 },
    hostCpuSeconds: { min: 0.5, max: 0.7 },
  });
});

test("each goal is met or missed with its numbers", () => {
  const found = goals(cells(RECORDS)).map(({ goal, measured: value, met }) => [goal, value, met]);
  expect(found).toEqual([
    ["marginal cost per host of the first up, by that of the script by hand", 1, true],
    ["marginal cost per host of the second up, by that of the script by hand", 4, false],
    ["first up of 16 warm hosts: times faster than ansible", 6, true],
    ["second up of 16 warm hosts: times faster than ansible", expect.closeTo(4.44, 2), false],
    ["first up of 16 warm hosts: times faster than pyinfra", 2, true],
    ["second up of 16 warm hosts: times faster than pyinfra", expect.closeTo(0.89, 2), false],
    ["SSH handshakes per host and run", 1, true],
    ["execs per host of an up with nothing to do", 3, true],
  ]);
});

test("one host in one run is enough to miss a goal of counts; previews are runs of their own", () => {
  const more = [
    record("muster", 16, "second", 9, { repetition: 2, execs: [3, 4], handshakes: [1, 2] }),
    record("muster", 4, "preview", 3, { handshakes: [7, 7], execs: [9, 9] }),
  ];
  const [handshakes, execs] = goals(cells([...RECORDS, ...more])).slice(-2);
  expect(handshakes).toMatchObject({ measured: 2, met: false });
  expect(execs).toMatchObject({ measured: 4, met: false });
});

test("what was not measured is neither met nor missed", () => {
  const found = goals(cells([record("muster", 8, "first", 3)]));
  expect(found.filter(goal => goal.met !== undefined).map(goal => goal.goal)).toEqual([
    "SSH handshakes per host and run",
  ]);
  expect(found[2]?.goal).toBe("first up of 8 warm hosts: times faster than ansible");
});

test("the report for people has every run, and says that the hosts are simulated and what was on the way", () => {
  const all = cells(RECORDS);
  const result: BenchResult = {
    simulated: "SIMULATED hosts",
    machine: { cores: 2, memoryGib: 8, loadBefore: [0.5, 0.25, 0], loadAfter: [3, 2, 1] },
    versions: { muster: "0.1.0", pyinfra: "3" },
    filesPerHost: 18,
    latencyMs: 20,
    repeat: 1,
    cells: all,
    marginalSecondsPerHost: marginalRows(all),
    ratios: ratioRows(all),
    goals: goals(all),
  };
  const text = reportText(result);
  expect(text).toContain("SIMULATED hosts; 2 cores, load 0.5 0.3 0.0 before and 3.0 2.0 1.0 after");
  expect(text).toContain("20 ms of latency by a TCP relay at each host");
  expect(text).toMatch(/^ {2}16 {5}ansible {2}60\.00 .* 6\.00 +1 +2-3 +1\.00 +0\.60$/m);
  expect(text).toMatch(/^ {2}4 +2\.00 +3\.00 +1 +2-3$/m);
  expect(text).toMatch(/^ {2}by-hand second +0\.125$/m);
  expect(text).toMatch(/^ {2}MISSED +second up of 16 warm hosts: times faster than pyinfra +at least 1 +0\.89/m);
  expect(ratioRows(all)).toContainEqual({ tool: "pyinfra", run: "first", hosts: 16, ratio: 2 });
});
