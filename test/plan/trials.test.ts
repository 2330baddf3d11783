import { blame } from "../../plan/preflight/blame";
import { meshFindings, meshPairs } from "../../plan/preflight/mesh";
import { type FailedPort, reachFindings } from "../../plan/preflight/reach";

const nodes = ["node-1", "node-2", "node-3", "node-4"];
const everyone = new Map(nodes.map(node => [node, nodes.filter(other => other !== node)]));
const trial = (from: string, to: string) => ({ from, to, reason: "no answer" });
const blamed = (failed: ReturnType<typeof trial>[], tried = everyone) =>
  blame(failed, tried).map(({ node, side }) => `${side} ${node}`);

test("who is not reached by anybody, who reaches nobody, and one bad pair", () => {
  const others = (node: string) => nodes.filter(other => other !== node);
  expect(blamed(others("node-2").map(from => trial(from, "node-2")))).toEqual(["to node-2"]);
  expect(blamed(others("node-3").map(to => trial("node-3", to)))).toEqual(["from node-3"]);
  expect(blamed([trial("node-1", "node-4")])).toEqual(["to node-4"]);
  const both = [
    ...others("node-2").map(from => trial(from, "node-2")),
    ...others("node-3").map(to => trial("node-3", to)),
  ];
  expect(blamed(both)).toEqual(["from node-3", "to node-2"]);
});

test("all are closed to all: each is told of as not reached", () => {
  const failed = nodes.flatMap(from => nodes.filter(to => to !== from).map(to => trial(from, to)));
  expect(blamed(failed)).toEqual(["to node-2", "to node-3", "to node-4", "to node-1"]);
});

test("between two nodes nobody can say who it is: the one that is not reached is named", () => {
  const pair = new Map([
    ["a", ["b"]],
    ["b", ["a"]],
  ]);
  expect(blamed([trial("a", "b")], pair)).toEqual(["to b"]);
});

test("a node that fails on one port only of each other is not lost to all of them", () => {
  const failed = ["node-2", "node-3", "node-4"].map(
    (to): FailedPort => ({ ...trial("node-1", to), port: 2333, use: "the containers' sshd" }),
  );
  const codes = (portsOf: () => number) =>
    reachFindings({ failed, tried: everyone, portsOf, untried: [] }).map(({ code, host }) => `${code} ${host}`);
  expect(codes(() => 2)).toEqual(["ports-closed node-2", "ports-closed node-3", "ports-closed node-4"]);
  expect(codes(() => 1)).toEqual(["ports-unreached node-1"]);
});

test("what could not be tried is told, and nothing else is made of it", () => {
  const untried = [{ node: "node-1", reason: "python3 is not installed" }];
  expect(reachFindings({ failed: [], tried: new Map(), portsOf: () => 0, untried })).toMatchObject([
    { code: "ports-untried", host: "node-1", severity: "warning" },
  ]);
  expect(meshFindings({ failed: [], tried: new Map(), untried })).toMatchObject([{ code: "mesh-untried" }]);
});

test("ssh is tried between all of eight; of more each node is proven in both directions with some three logins", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
  const pairs = (count: number, isFull?: boolean) =>
    [...meshPairs(names(count), isFull)].flatMap(([from, targets]) => targets.map(to => `${from} ${to}`));
  expect(pairs(8)).toHaveLength(56);
  expect(pairs(16, true)).toHaveLength(240);
  const sparse = pairs(16);
  expect(new Set(sparse).size).toBe(sparse.length);
  expect(sparse.length).toBeLessThanOrEqual(48);
  for (const name of names(16).slice(1)) expect(sparse).toEqual(expect.arrayContaining([`n0 ${name}`, `${name} n0`]));
  expect(sparse).toEqual(expect.arrayContaining(["n7 n8", "n15 n0"]));
});

test("five hundred nodes that are all closed are judged in a moment", () => {
  const many = Array.from({ length: 500 }, (_, index) => `node-${index}`);
  const tried = new Map(many.map(node => [node, many.filter(other => other !== node)]));
  const failed = many.flatMap(from => [trial(from, "node-7"), trial(from, "node-8")].filter(({ to }) => to !== from));
  const [found, ...rest] = reachFindings({
    failed: failed.map(each => ({ ...each, port: 2333, use: "sshd" })),
    tried,
    portsOf: () => 1,
    untried: [],
  });
  expect(found?.fact).toMatch(/^port 2333 \(sshd\) is not reached from node-0, .* and 494 more: no answer$/);
  expect(rest.map(({ host }) => host)).toEqual(["node-8"]);
});
