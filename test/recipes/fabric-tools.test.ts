import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { parseReports } from "../../plan/fabric/reports";
import { Cleanup } from "../support/cleanup";
import { toolsFolder } from "../support/nodes";
import { ToolPython } from "../support/tool-python";

const cleanup = new Cleanup();
afterEach(cleanup.run);

const tools = new ToolPython(cleanup);
const evaluate = (code: string): Promise<unknown> => tools.evaluate(code);

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

interface Found {
  readonly failed: Record<string, string>;
  readonly missing: string[];
  readonly go: boolean;
}

describe("reach, among nodes of this machine with addresses of their own", () => {
  const nodes = ["node-1", "node-2", "node-3"];

  /** What each of these nodes finds. `addresses`: where it says that it is. */
  async function reach(
    present: readonly string[],
    seconds: number,
    before: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, Found>> {
    const port = await freePort();
    const ask = (node: string) =>
      evaluate(`import reach
reach.EXCHANGE_SECONDS, reach.TRY_SECONDS = 1, 1
${before[node] ?? ""}
print(json.dumps(reach.check("${node}", ${JSON.stringify(nodes)}, {"address": "127.0.0.${node.at(-1)}", "says": "${node}"}, ("127.0.0.1", ${port}), ${seconds})))`);
    const found = await Promise.all(present.map(async node => [node, (await ask(node)) as Found] as const));
    return Object.fromEntries(found.map(([node, { failed, missing, go }]) => [node, { failed, missing, go }]));
  }

  test("all go on when each has all others", async () => {
    const well = { failed: {}, missing: [], go: true };
    expect(await reach(nodes, 30)).toEqual({ "node-1": well, "node-2": well, "node-3": well });
  });

  test("a node that never comes is missed by all, and nobody goes on or waits for ever", async () => {
    const found = await reach(["node-1", "node-2"], 6);
    const without = { failed: {}, missing: ["node-3"], go: false };
    expect(found).toEqual({ "node-1": without, "node-2": without });
  });

  test("without the first node the others say that they do not get there", async () => {
    const found = await reach(["node-2"], 1);
    expect(found["node-2"]).toEqual({
      failed: { "node-1": expect.stringMatching(/^127\.0\.0\.1:\d+ refused$/) },
      missing: [],
      go: false,
    });
  });

  test("a node that takes connections, and nothing larger than a packet, is told by those who saw it", async () => {
    // As a smaller MTU on the way does it: what is sent is swallowed.
    const deaf = "reach.receive = lambda listener, deadline: list(reach.accept(listener, deadline))";
    const found = await reach(nodes, 30, { "node-3": deaf });
    const told = {
      failed: {
        "node-3": expect.stringMatching(/^127\.0\.0\.3:\d+ connects, but 120 kB do not get through: timed out$/),
      },
      missing: [],
      go: false,
    };
    expect(found).toEqual({ "node-1": told, "node-2": told, "node-3": { failed: {}, missing: [], go: false } });
  });

  test("a port that another program has is told by the first node", async () => {
    const server = net.createServer();
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    const found = await evaluate(
      `import reach\nprint(json.dumps(reach.check("node-1", ["node-1", "node-2"], {"address": "127.0.0.1"}, ("127.0.0.1", ${port}), 5)))`,
    );
    expect(found).toEqual({
      failed: { "node-1": `127.0.0.1:${port} cannot be listened at: Address already in use` },
      missing: [],
      go: false,
      nodes: {},
    });
  });
});

describe("fabric, with a stand-in for torch", () => {
  /** One node with two ranks; `torch`: the module that they import. */
  async function run(torch: string, seconds: number) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-torch-"));
    cleanup.add(() => fs.rmSync(folder, { recursive: true }));
    fs.mkdirSync(path.join(folder, "torch"));
    fs.writeFileSync(path.join(folder, "torch/__init__.py"), torch);
    const argv = ["--node", "node-1", "--nodes", "node-1", "--ranks-per-node", "2", "--sizes-mib", "1"];
    const done = await tools.run([path.join(toolsFolder, "fabric.py"), ...argv, "--seconds", String(seconds)], {
      PYTHONPATH: folder,
      PYTHONDONTWRITEBYTECODE: "1",
    });
    return { code: done.code, reports: parseReports([done.out]) };
  }

  test("a rank that dies is told with what it said last, and the others are ended", async () => {
    const torch =
      "import os, time\nif os.environ['RANK'] == '0': time.sleep(600)\nraise RuntimeError('no such device')\n";
    const { code, reports } = await run(torch, 60);
    expect(code).toBe(1);
    const phase = "loading torch and meeting the other ranks";
    expect(reports.died).toEqual([{ node: "node-1", rank: 1, phase, said: "RuntimeError: no such device" }]);
  });

  test("ranks that hang are told with what they were at when the time was over", async () => {
    const { code, reports } = await run("import time\ntime.sleep(600)\n", 2);
    expect(code).toBe(1);
    const phases = ["loading torch and meeting the other ranks"];
    expect(reports.stuck).toEqual([{ node: "node-1", seconds: 2, phases }]);
  });
});

test("a gate that is told to end blames no rank, and tells where it was", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-torch-"));
  cleanup.add(() => fs.rmSync(folder, { recursive: true }));
  fs.mkdirSync(path.join(folder, "torch"));
  // It asks for the end of its own launcher when it is at work.
  const torch = "import os, signal, time\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(600)\n";
  fs.writeFileSync(path.join(folder, "torch/__init__.py"), torch);
  const argv = [
    "--node",
    "node-1",
    "--nodes",
    "node-1",
    "--ranks-per-node",
    "1",
    "--sizes-mib",
    "1",
    "--seconds",
    "60",
  ];
  const { code, out } = await tools.run([path.join(toolsFolder, "fabric.py"), ...argv], {
    PYTHONPATH: folder,
    PYTHONDONTWRITEBYTECODE: "1",
  });
  expect(code).toBe(1);
  expect(parseReports([out])).toMatchObject({ died: [], stuck: [] });
  // Beside one whose time is over it says what it waited for.
  const over = 'muster-gate {"event":"stuck","node":"node-2","seconds":60,"phases":["x"]}\n';
  const waited = ["loading torch and meeting the other ranks"];
  expect(parseReports([over, out]).stuck).toEqual([
    { node: "node-2", seconds: 60, phases: ["x"] },
    { node: "node-1", seconds: 60, phases: waited },
  ]);
});

describe("pair_rounds", () => {
  const roundsOf = async (counts: readonly number[], wantsAll = false) =>
    (await evaluate(
      `import pair_rounds as p\nprint(json.dumps({n: p.pair_rounds(n, ${wantsAll ? "True" : "False"}) for n in ${JSON.stringify(counts)}}))`,
    )) as Record<string, [number, number][][]>;

  test("up to eight nodes each pair is measured by itself; beyond that each node is in one pair of a round", async () => {
    const rounds = await roundsOf([2, 3, 8, 9, 500]);
    for (const n of [2, 3, 8]) {
      const pairs = (rounds[n] ?? []).flat();
      expect((rounds[n] ?? []).every(round => round.length === 1)).toBe(true);
      expect(new Set(pairs.map(pair => pair.join())).size).toBe((n * (n - 1)) / 2);
    }
    for (const n of [9, 500]) {
      expect(rounds[n]).toHaveLength(8);
      for (const round of rounds[n] ?? []) expect(new Set(round.flat()).size).toBe(n - (n % 2));
      const all = (rounds[n] ?? []).flat().map(pair => pair.join());
      expect(new Set(all).size).toBe(all.length);
    }
  });

  test("always: every pair of many nodes, each node once a round; of hundreds as many as a log takes", async () => {
    const rounds = await roundsOf([9, 64, 500], true);
    for (const n of [9, 64]) {
      const all = (rounds[n] ?? []).flat().map(pair => pair.join());
      expect([all.length, new Set(all).size]).toEqual([(n * (n - 1)) / 2, (n * (n - 1)) / 2]);
    }
    expect((rounds[500] ?? []).flat()).toHaveLength(4000);
  });
});

describe("all_reduce", () => {
  // torch (2.6 to 2.11) waits for the others of a group under a name in which the number of its groups is.
  test.each([
    [3, "gloo"],
    [5, "nccl"],
    [9, "gloo"],
  ])("of %i nodes every rank has made as many groups as the others of its group, %s", async (nodes, backend) => {
    const told = await evaluate(`import all_reduce, pair_rounds, types
class Table(list):
    def __setitem__(self, at, value): pass
    def tolist(self): return self

class Dist:
    def __init__(self): self.there, self.met = [], []
    def new_group(self, ranks, use_local_synchronization):
        self.met.append((tuple(ranks), len(self.there)))
        self.there.append(self.met[-1])
        return self.met[-1]
    def destroy_process_group(self, group): self.there.remove(group)
    def all_reduce(self, table): pass

def rank_of(number):
    rank = object.__new__(all_reduce.Rank)
    rank.rank, rank.backend, rank.device, rank.late_at, rank.dist = number, "${backend}", None, float("inf"), Dist()
    rank.torch = types.SimpleNamespace(float64=None, zeros=lambda count, two, **_: Table([[0, 0]] * count))
    rank.args = types.SimpleNamespace(ranks_per_node=2, nodes=[f"node-{at}" for at in range(${nodes})])
    rank.measure = lambda mib, ranks, group: {"seconds": [1], "wrong": 0}
    return rank

all_reduce.report.phase = lambda text: None
ranks = [rank_of(number) for number in range(${nodes} * 2)]
for groups in [*pair_rounds.pair_rounds(${nodes}), [(0, 1, 2)], [(0, 1)]]:
    for rank in ranks: rank.at_once(1, groups)
names = {}
for rank in ranks:
    for group in rank.dist.met: names.setdefault(group, set()).add(rank.rank)
print(json.dumps([sorted(who) == list(group) for (group, _), who in names.items()]))`);
    expect(new Set(told as boolean[])).toEqual(new Set([true]));
  });

  // Lines of two ranks of NCCL 2.28.9 on one machine with two H200, made to take the network (NCCL_HOSTID). Those of IB are written after them.
  test.each([
    ["vm:587:587 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] [receive] via NET/Socket/0\n", ["Socket"]],
    ["vm:586:586 [0] NCCL INFO Using network Socket\n", ["Socket"]],
    [
      "a:1:1 [0] NCCL INFO Using network IB\na:1:1 [0] NCCL INFO Channel 00/0 : 0[0] -> 8[0] [send] via NET/IB/0/GDRDMA\n",
      ["IB"],
    ],
    ["a:1:1 [0] NCCL INFO Using network IBext_v8\n", ["IBext"]],
    ["a:1:1 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM\n", []],
  ])("reads the network from NCCL's log: %s", async (log, names) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-nccl-"));
    cleanup.add(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(path.join(folder, "nccl.vm.587"), log);
    expect(
      await evaluate(`import all_reduce\nprint(json.dumps(all_reduce.transports(${JSON.stringify(folder)})))`),
    ).toEqual(names);
  });
});
