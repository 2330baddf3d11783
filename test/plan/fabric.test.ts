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
import { type GateReports, type Measurement, parseReports } from "../../plan/fabric/reports";

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
    'muster-gate {"event":"died","node":"node-2","ranks":[{"rank":1,"phase":"x","said":"y"}]}\nmuster-gate {"event":"transports","node":"node-2","names":["IB"]}',
  ];
  expect(parseReports(logs)).toEqual({
    unreached: [{ from: "node-1", to: "node-2", why: "timed out" }],
    missing: ["node-3"],
    died: [{ node: "node-2", rank: 1, phase: "x", said: "y" }],
    stuck: [],
    transports: [{ node: "node-2", names: ["IB"] }],
    measured: {
      backend: "gloo",
      ranks: 2,
      rows: [{ sizeMib: 1, busbwGBps: 2, wrong: 0 }],
      pairs: [{ nodes: ["a", "b"], busbwGBps: 1.5, wrong: 0 }],
    },
  });
});
