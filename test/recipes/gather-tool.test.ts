import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeCheckpoint, runTool, SimulatedNodes, type ToolRun } from "../support/nodes";

interface Gathered {
  readonly ok: boolean;
  readonly faults: string[];
  readonly copied: { file: string; from: string }[];
  readonly sharedWith: string[];
  readonly ranks: number[];
  readonly files: Record<string, { sha256: string }>;
}

let nodes: SimulatedNodes;
beforeEach(() => {
  nodes = new SimulatedNodes(["node-1", "node-2"]);
});
afterEach(() => nodes.remove());

function gather(folder = nodes.out("node-1"), extra: readonly string[] = ["--ranks-per-node", "2"]): ToolRun<Gathered> {
  return runTool("gather.py", ["--folder", folder, "--peer", "node-2", "--ssh", nodes.ssh, ...extra]);
}

/** A checkpoint of four ranks whose upper two wrote on node-2. Returns both iteration folders. */
function scatter(seed = "0"): { here: string; there: string } {
  const here = makeCheckpoint(nodes.out("node-1"), 20, 4, seed);
  const there = here.replace("/node-1/", "/node-2/");
  fs.mkdirSync(there, { recursive: true });
  for (const name of shardsOf(here, rank => rank >= 2)) fs.renameSync(path.join(here, name), path.join(there, name));
  return { here, there };
}

function shardsOf(folder: string, wanted: (rank: number) => boolean): string[] {
  return fs.readdirSync(folder).filter(name => {
    const rank = /^__(\d+)_/.exec(name)?.[1];
    return rank !== undefined && wanted(Number(rank));
  });
}

test("copies what is missing, once, and proves it", () => {
  const { here, there } = scatter();
  const first = gather();
  expect(first.result).toMatchObject({ ok: true, ranks: [0, 1, 2, 3], faults: [] });
  expect(first.result.copied.map(c => c.file).sort()).toEqual(shardsOf(there, () => true).sort());
  for (const name of shardsOf(there, () => true)) {
    expect(fs.readFileSync(path.join(here, name))).toEqual(fs.readFileSync(path.join(there, name)));
  }
  expect(fs.readdirSync(here).filter(name => name.includes("partial") || name.includes("muster"))).toEqual([]);
  expect(gather().result).toMatchObject({ ok: true, copied: [] });
});

test("replaces copies that an earlier training left", () => {
  scatter("old");
  gather();
  // The same output folder again: node-1 keeps node-2's old shards beside its new ones.
  const before = new Map(
    shardsOf(path.join(nodes.out("node-1"), "iter_0000020"), rank => rank >= 2).map(name => [
      name,
      fs.readFileSync(path.join(nodes.out("node-1"), "iter_0000020", name)),
    ]),
  );
  const { here, there } = scatter("new");
  for (const [name, bytes] of before) fs.writeFileSync(path.join(here, name), bytes);
  const unsure = gather(undefined, []);
  expect(unsure.status).toBe(1);
  expect(unsure.result.faults[0]).toContain("different contents");
  expect(gather().result.copied).toHaveLength(before.size);
  for (const name of before.keys())
    expect(fs.readFileSync(path.join(here, name))).toEqual(fs.readFileSync(path.join(there, name)));
});

test("goes on with a partial file, and begins anew when it is of another training", () => {
  const { here, there } = scatter();
  const [first = "", second = ""] = shardsOf(there, () => true).sort();
  fs.writeFileSync(path.join(here, `${first}.partial`), fs.readFileSync(path.join(there, first)).subarray(0, 500));
  fs.writeFileSync(path.join(here, `${second}.partial`), Buffer.alloc(300, 7));
  expect(gather().result.ok).toBe(true);
  const tails = nodes
    .log()
    .split("\n")
    .filter(line => line.includes("tail -c") && line.includes(first));
  expect(tails).toHaveLength(1);
  expect(tails[0]).toContain(" 501 ");
});

test("a missing and a truncated shard name the rank and the node", () => {
  const { there } = scatter();
  fs.rmSync(path.join(there, "__2_0.distcp"));
  fs.truncateSync(path.join(there, "__3_1.distcp"), 10);
  const { status, result } = gather();
  expect(status).toBe(1);
  expect(result.faults[0]).toContain("__2_0.distcp is not whole on node-2, whose rank 2 wrote it");
  expect(result.faults[0]).toContain("__3_1.distcp is not whole on node-2");
});

test("a shared disk is recognised and left alone", () => {
  const here = makeCheckpoint(nodes.out("node-1"), 20, 4);
  fs.rmSync(nodes.out("node-2"), { recursive: true });
  fs.symlinkSync(nodes.out("node-1"), nodes.out("node-2"));
  const before = fs.readdirSync(here).map(name => fs.statSync(path.join(here, name)).mtimeMs);
  expect(gather().result).toMatchObject({ ok: true, sharedWith: ["node-2"], copied: [] });
  expect(fs.readdirSync(here).map(name => fs.statSync(path.join(here, name)).mtimeMs)).toEqual(before);
});

test("an unreachable peer, an unfinished checkpoint and a hostile pickle are errors", () => {
  const { here } = scatter();
  const lost = runTool<Gathered>("gather.py", [
    "--folder",
    nodes.out("node-1"),
    "--peer",
    "node-9",
    "--ssh",
    nodes.ssh,
  ]);
  expect(lost.result.faults[0]).toContain("node-9: ssh ended with 255");
  fs.rmSync(path.join(here, "metadata.json"));
  expect(gather().result.faults).toEqual(["metadata.json is missing: it is written last, so the saving was cut off"]);
  const mark = path.join(nodes.base, "owned");
  const hostile = `import os, pickle\nclass E:\n    def __reduce__(self): return (os.system, ("touch ${mark}",))\npickle.dump(E(), open("${here}/.metadata", "wb"))`;
  execFileSync("python3", ["-c", hostile]);
  const refused = gather();
  expect(refused.status).toBe(1);
  expect(refused.result.faults[0]).toContain(".metadata cannot be read");
  expect(fs.existsSync(mark)).toBe(false);
});

test("the newest version folder is found by number", () => {
  const out = nodes.out("node-1");
  for (const name of ["v9-20260101-000000", "v10-20260102-000000"]) makeCheckpoint(path.join(out, name), 20, 1);
  const run = gather(out, []);
  expect(run.result).toMatchObject({ ok: true, folder: path.join(out, "v10-20260102-000000", "iter_0000020") });
});

describe("a real run of megatron-core 0.19 over two nodes", () => {
  const archive = path.join(__dirname, "..", "cases", "megatron-4.6.0", "two-nodes.tgz");

  test("is completed with the other node's shard", () => {
    const unpacked = path.join(nodes.base, "unpacked");
    fs.mkdirSync(unpacked);
    execFileSync("tar", ["-xzf", archive, "-C", unpacked]);
    for (const [from, to] of [
      ["n0", "node-1"],
      ["n1", "node-2"],
    ] as const) {
      fs.cpSync(path.join(unpacked, from), nodes.out(to), { recursive: true });
    }
    const { result } = gather(path.join(nodes.out("node-1"), "d"), ["--ranks-per-node", "1"]);
    expect(result).toMatchObject({ ok: true, ranks: [0, 1], copied: [{ file: "__1_0.distcp", from: "node-2" }] });
  });
});
