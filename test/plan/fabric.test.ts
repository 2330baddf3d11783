import { allPairs, namedCulprits, type Pair } from "../../plan/fabric/culprits";
import { expectedBusbwGBps } from "../../plan/fabric/floor";
import {
  type Baseline,
  baselineOf,
  comparableBaseline,
  type GateLimits,
  judgeGate,
  leastBusbwGBps,
} from "../../plan/fabric/judge";
import {
  type GateReports,
  type Halves,
  type Measurement,
  type NcclTests,
  parseReports,
} from "../../plan/fabric/reports";

const nodes = ["node-1", "node-2", "node-3", "node-4"];
const limits: GateLimits = {
  nodes,
  masterPort: 29500,
  expectsRdma: false,
  tolerancePercent: 30,
  requiresNcclTests: false,
};
const nothing: GateReports = { unreached: [], missing: [], died: [], stuck: [], transports: [] };

/** All pairs at 10 GB/s, apart from those that `slow` names. */
function measured(busbwGBps: number, slow: (pair: Pair) => boolean = () => false): Measurement {
  return {
    backend: "nccl",
    ranks: 4,
    rows: [
      { sizeMib: 8, busbwGBps: 1, wrong: 0 },
      { sizeMib: 1024, busbwGBps, wrong: 0 },
    ],
    pairs: allPairs(nodes).map(pair => ({ nodes: pair, busbwGBps: slow(pair) ? 1 : 10, wrong: 0 })),
  };
}

const baseline: Baseline = { nodes, ranks: 4, sizeMib: 1024, busbwGBps: 10, measuredAt: "2026-01-02T03:04:05.000Z" };
const judged = (reports: Partial<GateReports>, over: Partial<GateLimits> = {}, base?: Baseline) =>
  judgeGate({ ...nothing, ...reports }, { ...limits, ...over }, base);

describe("who is at fault", () => {
  const bad = (isBad: (pair: Pair) => boolean, of: readonly string[]) =>
    namedCulprits(allPairs(of), allPairs(of).filter(isBad));

  test.each<[string, readonly string[], (pair: Pair) => boolean, string[], Pair[]]>([
    ["one pair of four nodes", nodes, pair => pair.join() === "node-2,node-4", [], [["node-2", "node-4"]]],
    ["a host of four", nodes, pair => pair.includes("node-3"), ["node-3"], []],
    ["a host of three", nodes.slice(0, 3), pair => pair.includes("node-3"), ["node-3"], []],
    ["one pair of three", nodes.slice(0, 3), pair => pair.join() === "node-1,node-2", [], [["node-1", "node-2"]]],
    ["two nodes", nodes.slice(0, 2), () => true, [], [["node-1", "node-2"]]],
    [
      "two hosts: their partners are not blamed",
      nodes,
      pair => pair.includes("node-3") || pair.includes("node-4"),
      ["node-3", "node-4"],
      [],
    ],
    ["nobody", nodes, () => false, [], []],
  ])("%s", (_what, of, isBad, hosts, pairs) => {
    expect(bad(isBad, of)).toEqual({ hosts, pairs, between: [] });
  });

  test("of a hundred nodes that met eight others each", () => {
    const many = Array.from({ length: 100 }, (_, i) => `node-${i}`);
    const tried = many.flatMap((a, i) => [1, 2, 4, 8].map((step): Pair => [a, many[(i + step) % 100] ?? ""]));
    expect(
      namedCulprits(
        tried,
        tried.filter(pair => pair.includes("node-42")),
      ),
    ).toEqual({
      hosts: ["node-42"],
      pairs: [],
      between: [],
    });
  });

  test("two groups, each well by itself: the ways between them, and not most of the nodes", () => {
    const one = (node: string): boolean => node < "node-3";
    expect(bad(([a, b]) => one(a) !== one(b), nodes)).toEqual({
      ...{ hosts: [], pairs: [] },
      between: [[nodes.slice(0, 2), nodes.slice(2)]],
    });
    // Beside them a host that is bad with everybody.
    const five = [...nodes, "node-5"];
    expect(bad(([a, b]) => one(a) !== one(b) || b === "node-5", five)).toEqual({
      ...{ hosts: ["node-5"], pairs: [] },
      between: [[nodes.slice(0, 2), nodes.slice(2)]],
    });
  });
});

describe("speed", () => {
  test("is well where nothing is known and no pair stands out", () => {
    expect(judged({ measured: measured(9) })).toEqual({ faults: [], warnings: [] });
  });

  test("of one pair is found at the first gate, without a floor and a baseline", () => {
    const { faults } = judged({ measured: measured(9, pair => pair.join() === "node-1,node-3") });
    expect(faults).toEqual([
      expect.stringMatching(
        /^the way between node-1 and node-3 is at fault\. all-reduce of 1024 MiB.*node-1 - node-3 1\.00 GB\/s, /,
      ),
    ]);
  });

  test("below the floor fails, at it not; the largest size counts", () => {
    expect(judged({ measured: measured(9) }, { floorGBps: 9 }).faults).toEqual([]);
    expect(judged({ measured: measured(8.9) }, { floorGBps: 9 }).faults[0]).toMatch(
      /no node or pair more than the others.*8\.90 GB\/s, below the floor of 9\.00 GB\/s/,
    );
  });

  test("is compared with the baseline, by the tolerance, and says how to accept it", () => {
    expect(judged({ measured: measured(7.1) }, {}, baseline).faults).toEqual([]);
    const { faults } = judged({ measured: measured(6.9, pair => pair.includes("node-4")) }, {}, baseline);
    expect(faults[0]).toMatch(
      /^node-4 is at fault.*more than 30 % below the baseline of 10 GB\/s of 2026-01-02.*MUSTER_NEW_BASELINE=gate muster up/,
    );
    expect(judged({ measured: measured(6.9) }, { floorGBps: 8 }, baseline).faults[0]).not.toContain("NEW_BASELINE");
  });

  test("below what the lines carry warns; with Gloo, which processors hold up, it does not", () => {
    const slow = measured(9);
    expect(judged({ measured: slow }, { expectedGBps: 20 })).toEqual({
      faults: [],
      warnings: [expect.stringMatching(/9\.00 GB\/s; by the line rates 20 GB\/s/)],
    });
    expect(judged({ measured: { ...slow, backend: "gloo" } }, { expectedGBps: 20 }).warnings).toEqual([]);
  });

  test("of two nodes names both, for there is nothing to tell them apart by", () => {
    const two = { ...measured(1), pairs: [] };
    expect(judged({ measured: two }, { nodes: nodes.slice(0, 2), floorGBps: 5 }).faults[0]).toMatch(
      /^the way between node-1 and node-2 is slow/,
    );
  });
});

test("a baseline is only for the same nodes, ranks and size", () => {
  const now = { nodes, ranks: 4, sizeMib: 1024 };
  expect(comparableBaseline(baseline, now)).toBe(baseline);
  expect(comparableBaseline(undefined, now)).toBeUndefined();
  for (const other of [{ nodes: nodes.slice(1) }, { ranks: 8 }, { sizeMib: 64 }])
    expect(comparableBaseline(baseline, { ...now, ...other })).toBeUndefined();
  expect(baselineOf(nodes, measured(10), baseline.measuredAt)).toEqual(baseline);
  expect(leastBusbwGBps({ ...limits, floorGBps: 3 }, baseline)).toBe(7);
  expect(leastBusbwGBps({ ...limits, floorGBps: 8 }, baseline)).toBe(8);
  expect(leastBusbwGBps(limits, undefined)).toBeUndefined();
});

test("the least by line rates: the slowest node's, all of its RDMA ports, none if one is unknown", () => {
  const hca = { rateGbps: 400 };
  expect(
    expectedBusbwGBps([
      { node: "a", speedMbps: 25_000 },
      { node: "b", speedMbps: 100_000 },
    ]),
  ).toBe(1.97);
  expect(
    expectedBusbwGBps([
      { node: "a", speedMbps: 25_000, rdma: { ports: Array(8).fill(hca) } },
      { node: "b", rdma: { ports: Array(4).fill(hca) } },
    ]),
  ).toBe(126);
  expect(expectedBusbwGBps([{ node: "a", speedMbps: 25_000 }, { node: "b" }])).toBeUndefined();
});

describe("where no pair stands out", () => {
  const slow = (halves: Halves) => judged({ measured: { ...measured(3), halves } }, { floorGBps: 5 }).faults;
  const steps = [
    { ends: ["node-1", "node-2"] as const, nodes: 2, busbwGBps: 3, wrong: 0 },
    { ends: ["node-1", "node-4"] as const, nodes: 3, busbwGBps: 9, wrong: 0 },
  ];
  const none = { hosts: [], pairs: [], between: [] };
  const found: Halves = { culprits: none, suspects: [], steps, finished: true };

  test("the halves name a host or the ways between two sides, with what was measured", () => {
    expect(slow({ ...found, culprits: { ...none, hosts: ["node-2"] } })).toEqual([
      expect.stringMatching(
        /^node-2 is at fault.* floor of 5\.00 GB\/s\. Pairs: .*Halves: node-1 and node-2 3\.00 GB\/s; 3 nodes from node-1 to node-4 9\.00 GB\/s\. Remedy/,
      ),
    ]);
    const between = [[nodes.slice(0, 2), nodes.slice(2)] as const];
    expect(slow({ ...found, culprits: { ...none, between } })[0]).toMatch(
      /^the ways between node-1, node-2 and node-3, node-4 are at fault: each side is well by itself/,
    );
  });

  test("the smallest group is named where time was short, and nobody where everybody is slow", () => {
    expect(slow({ ...found, suspects: [["node-3", "node-4"]], finished: false })[0]).toMatch(
      /^the fault is among node-3, node-4; time was too short to look further/,
    );
    expect(slow({ ...found, suspects: [nodes.slice(0, 2), nodes.slice(2)] })[0]).toMatch(
      /^the fabric is slow, and no node/,
    );
  });

  test("wrong sums too are followed into the halves", () => {
    const rows = [{ sizeMib: 8, busbwGBps: 9, wrong: 3 }];
    const halves = { ...found, culprits: { ...none, pairs: [["node-1", "node-2"] as const] } };
    expect(judged({ measured: { ...measured(9), rows, halves } }).faults[0]).toMatch(
      /sums are wrong .*; the way between node-1 and node-2 is at fault/,
    );
  });
});

describe("nccl-tests beside it", () => {
  const result = (node: string, busbwGBps: number, wrong = 0) => ({
    ...{ node, version: "2.19.6", ranks: 4, sizeMib: 1024, busbwGBps, wrong },
  });
  const all: NcclTests = { over: "all", why: "", results: [result("node-1", 10)], failed: [] };
  const inside = (...speeds: number[]): NcclTests => ({
    ...{ over: "node", why: "no mpirun of Open MPI on node-1", failed: [] },
    results: speeds.map((speed, at) => result(`node-${at + 1}`, speed)),
  });
  const beside = (ncclTests: NcclTests | undefined, over: Partial<GateLimits> = {}) =>
    judged({ measured: { ...measured(10), ...(ncclTests && { ncclTests }) } }, over);

  test("the same speed, or none without a wish for it, is well", () => {
    const well = { faults: [], warnings: [] };
    expect(beside(all)).toEqual(well);
    expect(beside(undefined)).toEqual(well);
    expect(beside({ over: null, why: "no all_reduce_perf on node-1", results: [], failed: [] })).toEqual(well);
    expect(beside(inside(300, 310, 290, 305))).toEqual(well);
  });

  test("their wrong sums and their speed below the floor shut the gate", () => {
    expect(beside({ ...all, results: [result("node-1", 10, 7)] }).faults).toEqual([
      expect.stringMatching(/^nccl-tests find 7 elements with a wrong sum, told by node-1\./),
    ]);
    expect(beside({ ...all, results: [result("node-1", 8)] }, { floorGBps: 9 }).faults).toEqual([
      expect.stringMatching(
        /^nccl-tests reach 8\.00 GB\/s with 1024 MiB over all ranks, below the floor of 9\.00 GB\/s/,
      ),
    ]);
  });

  test("another speed than torch's is a warning with both", () => {
    expect(beside({ ...all, results: [result("node-1", 20)] })).toEqual({
      faults: [],
      warnings: [expect.stringMatching(/20 GB\/s by nccl-tests 2\.19\.6, 10 GB\/s by torch\. Trainings go by torch/)],
    });
  });

  test("a node whose own GPUs are slow among themselves is named", () => {
    expect(beside(inside(300, 310, 40, 305)).faults).toEqual([
      expect.stringMatching(
        /^node-3 is at fault: among its own GPUs nccl-tests reach 40 GB\/s, on the other nodes 305 GB\/s/,
      ),
    ]);
  });

  test("a failure is a warning, and a fault where they are required, as is their absence", () => {
    const failed = { ...all, results: [], failed: [{ node: "node-1", why: "mpirun ended with 1" }] };
    expect(beside(failed)).toEqual({
      faults: [],
      warnings: [expect.stringMatching(/^nccl-tests did not measure, on node-1: mpirun/)],
    });
    const required = { requiresNcclTests: true };
    expect(beside(failed, required).faults).toEqual([
      expect.stringMatching(/require, .*on node-1: mpirun ended with 1\. Remedy/),
    ]);
    const absent = { over: null, why: "no all_reduce_perf on node-1", results: [], failed: [] };
    expect(beside(absent, required).faults).toEqual([expect.stringMatching(/no all_reduce_perf on node-1\. Remedy/)]);
  });
});

test("RDMA is planned: sums over Gloo, or a node that does not say what it takes, prove nothing", () => {
  const transports = nodes.map(node => ({ node, names: ["IB"] }));
  const planned = { expectsRdma: true };
  expect(judged({ measured: measured(9), transports }, planned).faults).toEqual([]);
  expect(judged({ measured: { ...measured(9), backend: "gloo" } }, planned).faults).toEqual([
    expect.stringMatching(/^RDMA is planned, and torch sees no GPU/),
  ]);
  expect(judged({ measured: measured(9), transports: transports.slice(1) }, planned).faults).toEqual([
    expect.stringMatching(/^RDMA is planned, and node-1 did not say what NCCL takes/),
  ]);
});

test("wrong sums name who makes them", () => {
  const wrong = { ...measured(9), rows: [{ sizeMib: 8, busbwGBps: 9, wrong: 3 }] };
  const pairs = wrong.pairs.map(pair => ({ ...pair, wrong: pair.nodes.includes("node-2") ? 1 : 0 }));
  expect(judged({ measured: { ...wrong, pairs } }).faults[0]).toMatch(
    /^sums are wrong \(3 elements of 8 MiB\); node-2 is at fault/,
  );
  expect(judged({ measured: { ...wrong, pairs: [] } }).faults[0]).toMatch(/no two nodes alone have them/);
});

test("sockets in place of planned RDMA fail, on the nodes that take them", () => {
  const transports = [
    { node: "node-1", names: ["IB"] },
    { node: "node-2", names: ["Socket"] },
  ];
  expect(judged({ measured: measured(9), transports }).faults).toEqual([]);
  expect(judged({ measured: measured(9), transports }, { expectsRdma: true }).faults).toEqual([
    expect.stringMatching(/^RDMA is planned, and NCCL takes NET\/Socket on node-2\./),
  ]);
});

describe("a gate that is cut short", () => {
  const way = (from: string, to: string, why = `10.0.0.${to.at(-1)}:40001 timed out`) => ({ from, to, why });

  test("by a host that nobody reaches", () => {
    const unreached = ["node-1", "node-2", "node-4"].map(from => way(from, "node-3"));
    const { faults } = judged({ unreached });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^node-3 is at fault: .*from node-1 to node-3: 10\.0\.0\.3:40001 timed out/);
  });

  test("by two nodes that do not reach each other", () => {
    const { faults } = judged({ unreached: [way("node-2", "node-4"), way("node-4", "node-2")] });
    expect(faults).toEqual([expect.stringMatching(/^node-2 and node-4 do not reach each other/)]);
  });

  test("by a closed master port: the first node is named, not those that ask", () => {
    const unreached = nodes.map(from => way(from, "node-1", "10.0.0.1:29500 timed out"));
    expect(judged({ unreached }).faults).toEqual([
      expect.stringMatching(/^node-1 is at fault: 10\.0\.0\.1:29500 timed out from node-1, node-2, node-3, node-4/),
    ]);
  });

  test("by a node that does not get to the master port, and that the others missed", () => {
    const { faults } = judged({
      missing: ["node-3"],
      unreached: [way("node-3", "node-1", "10.0.0.1:29500 timed out")],
    });
    expect(faults).toEqual([
      expect.stringMatching(/^node-3 is at fault: it did not reach node-1 at port 29500 \(10\./),
    ]);
  });

  test("by a rank that died: those that only lost it are not named", () => {
    const died = [
      { node: "node-1", rank: 0, phase: "p", said: "RuntimeError: Connection closed by peer [10.0.0.2]" },
      { node: "node-2", rank: 1, phase: "p", said: "ModuleNotFoundError: No module named 'torch'" },
    ];
    expect(judged({ died }).faults).toEqual([expect.stringMatching(/^node-2 is at fault: rank 1 died at "p": Module/)]);
  });

  test("by a host that vanished: it tells nothing, and who lost it or was ended is not named", () => {
    const lost = (node: string) => ({ node, rank: 0, phase: "p", said: "RuntimeError: Connection closed by peer" });
    expect(judged({ died: [lost("node-1"), lost("node-4")], stopped: ["node-2"] }).faults).toEqual([
      expect.stringMatching(/^node-3 fell silent: others lost it, such as node-1 at "p"/),
    ]);
  });

  test("by a rank that hangs: who is at something else than most is named; a pair by itself", () => {
    const at = (node: string, phase: string) => ({ node, seconds: 60, phases: [phase] });
    const waiting = ["node-1", "node-2", "node-4"].map(node => at(node, "all-reduce of 8 MiB over all ranks"));
    expect(judged({ stuck: [...waiting, at("node-3", "loading torch")] }).faults[0]).toMatch(
      /^the gate did not end within 60 s, node-3 at fault: node-3 at "loading torch"\./,
    );
    const pair = "all-reduce of 8 MiB between node-1 and node-2";
    expect(judged({ stuck: [...waiting.slice(2), at("node-1", pair), at("node-2", pair)] }).faults[0]).toMatch(
      /^node-1 and node-2 hang/,
    );
  });

  test("without any word is a fault", () => {
    expect(judged({}).faults[0]).toMatch(/without a measurement/);
  });
});

test("reports are read from the logs of all ranks, whatever else is in them", () => {
  const logs = [
    'noise\nmuster-gate {"event":"reach","node":"node-1","failed":{"node-2":"timed out"},"missing":["node-3"]}\nmuster-gate {"ev',
    'muster-gate {"event":"measured","node":"node-1","backend":"gloo","ranks":2,"nodes":["a","b"],"rows":[{"sizeMib":1,"busbwGBps":2,"wrong":0}],"pairs":[[0,1,1.5,0]]}\n',
    'muster-gate {"event":"stopped","node":"node-2","seconds":9,"phases":["x"]}\nmuster-gate {"event":"died","node":"node-2","ranks":[{"rank":1,"phase":"x","said":"y"}]}\nmuster-gate {"event":"transports","node":"node-2","names":["IB"]}',
  ];
  expect(parseReports(logs)).toEqual({
    unreached: [{ from: "node-1", to: "node-2", why: "timed out" }],
    missing: ["node-3"],
    died: [{ node: "node-2", rank: 1, phase: "x", said: "y" }],
    stuck: [],
    stopped: ["node-2"],
    transports: [{ node: "node-2", names: ["IB"] }],
    measured: {
      backend: "gloo",
      ranks: 2,
      rows: [{ sizeMib: 1, busbwGBps: 2, wrong: 0 }],
      pairs: [{ nodes: ["a", "b"], busbwGBps: 1.5, wrong: 0 }],
    },
  });
});
