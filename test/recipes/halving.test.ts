import { Cleanup } from "../support/cleanup";
import { ToolPython } from "../support/tool-python";

const cleanup = new Cleanup();
afterEach(cleanup.run);
const tools = new ToolPython(cleanup);

/** What is wrong with the nodes, by their places. */
interface Fabric {
  readonly nodes: number;
  readonly hosts?: readonly number[];
  /** Seen where the ring of a group takes it. */
  readonly ways?: readonly (readonly [number, number])[];
  /** Between the nodes before this one and the others. */
  readonly trunk?: number;
  /** Slow only when so many nodes or more are at it. */
  readonly crowd?: number;
}

interface Search {
  readonly hosts: number[];
  readonly ways: [number, number][];
  readonly between: [number[], number[]][];
  readonly suspects: number[][];
  readonly rounds: number;
}

/** Searches in each of these fabrics, whose groups are bad when their ring over the nodes in order meets what is wrong. */
async function search(fabrics: readonly Fabric[]): Promise<Search[]> {
  const code = `import halving
def is_bad(fabric, group):
    ring = {tuple(sorted(way)) for way in zip(group, group[1:] + group[:1])}
    trunk = fabric.get("trunk", 0)
    if any(host in group for host in fabric.get("hosts", [])) or any(tuple(way) in ring for way in fabric.get("ways", [])):
        return True
    return any((a < trunk) != (b < trunk) for a, b in ring) and len(group) >= fabric.get("crowd", 2)

def searched(fabric):
    search, rounds = halving.Halving(range(fabric["nodes"])), 0
    steps = search.steps()
    groups = next(steps)
    while groups:
        rounds += 1
        nodes = [node for group in groups for node in group]
        assert len(nodes) == len(set(nodes)), "a node is in two groups of a round"
        assert all(len(group) > 1 and list(group) == sorted(group) for group in groups), groups
        try:
            groups = steps.send({group: is_bad(fabric, group) for group in groups})
        except StopIteration:
            groups = []
    return {**search.found, "suspects": search.suspects, "rounds": rounds}

print(json.dumps([searched(fabric) for fabric in json.loads('''${JSON.stringify(fabrics)}''')]))`;
  return (await tools.evaluate(code)) as Search[];
}

const sizes = [4, 5, 7, 10, 16, 64, 500];
const nothing = { hosts: [], ways: [], between: [], suspects: [] };
/** Halves, then halves of two sides twice a level, then the proof. */
const most = (nodes: number, faults = 1): number => 2 * Math.ceil(Math.log2(nodes)) + 3 + 4 * faults;

test("one slow host of 4 to 500, wherever it is, in few rounds", async () => {
  const fabrics = sizes.flatMap(nodes => [0, 1, nodes >> 1, nodes - 1].map(host => ({ nodes, hosts: [host] })));
  const found = await search(fabrics);
  fabrics.forEach(({ nodes, hosts }, at) => {
    expect(found[at]).toMatchObject({ ...nothing, hosts });
    expect(found[at]?.rounds).toBeLessThanOrEqual(most(nodes));
  });
});

test("one slow way that the ring takes: within a half, between the halves, from the last to the first", async () => {
  const fabrics = sizes.flatMap(nodes =>
    (
      [
        [1, 2],
        [(nodes >> 1) - 1, nodes >> 1],
        [0, nodes - 1],
      ] as const
    ).map(way => ({ nodes, ways: [way] })),
  );
  const found = await search(fabrics);
  fabrics.forEach(({ nodes, ways }, at) => {
    expect(found[at]).toMatchObject({ ...nothing, ways });
    expect(found[at]?.rounds).toBeLessThanOrEqual(most(nodes));
  });
});

test("several faults: two hosts in the same pair and far apart, a host and a way, two ways", async () => {
  const fabrics = [16, 64, 500].flatMap(nodes => [
    { nodes, hosts: [2, 3], ways: [] },
    { nodes, hosts: [1, nodes - 2], ways: [] },
    { nodes, hosts: [5], ways: [[nodes - 3, nodes - 2] as const] },
    { nodes, hosts: [], ways: [[0, 1] as const, [(nodes >> 1) - 1, nodes >> 1] as const] },
  ]);
  const found = await search(fabrics);
  fabrics.forEach(({ nodes, hosts, ways }, at) => {
    const { rounds, ...named } = found[at] as Search;
    expect({ ...named, hosts: named.hosts.sort((a, b) => a - b) }).toEqual({ ...nothing, hosts, ways });
    expect(rounds).toBeLessThanOrEqual(most(nodes, 2));
  });
});

test("where every half has a slow host there is still somebody to compare with", async () => {
  const [found] = await search([{ nodes: 4, hosts: [1, 2] }]);
  expect(found).toMatchObject({ ...nothing, hosts: [1, 2] });
});

test("a slow line between two switches names no host, and both sides rightly", async () => {
  const fabrics = [16, 64, 500].flatMap(nodes => [nodes >> 1, nodes >> 2, 3].map(trunk => ({ nodes, trunk })));
  const found = await search(fabrics);
  fabrics.forEach(({ trunk, nodes }, at) => {
    const { hosts, between, rounds } = found[at] as Search;
    expect([nodes, trunk, hosts]).toEqual([nodes, trunk, []]);
    expect(between).toHaveLength(1);
    const [one = [], other = []] = between[0] ?? [];
    expect(one.every(node => node < trunk) && other.every(node => node >= trunk)).toBe(true);
    expect(rounds).toBeLessThanOrEqual(most(nodes));
  });
});

test("a line that is slow only when many use it: the two sides, and no host", async () => {
  const [found] = await search([{ nodes: 16, trunk: 8, crowd: 16 }]);
  const sides = [Array.from({ length: 8 }, (_, i) => i), Array.from({ length: 8 }, (_, i) => i + 8)];
  expect(found).toMatchObject({ ...nothing, between: [sides] });
});

test("everybody slow: nobody is named", async () => {
  const nodes = 64;
  const [found] = await search([{ nodes, hosts: Array.from({ length: nodes }, (_, i) => i) }]);
  expect(found).toMatchObject({ hosts: [], ways: [], between: [] });
  expect(new Set(found?.suspects.flat()).size).toBe(nodes);
});
