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
  readonly folder: string;
  readonly passedOver: string[];
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
  expect(unsure.result.faults).toHaveLength(before.size);
  expect(unsure.result.faults[0]).toMatch(/^__2_0.distcp differs between node-2 \(\w{12}\), this node \(\w{12}\)/);
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
  expect(result.faults).toEqual([
    expect.stringContaining("__2_0.distcp is not whole on node-2, whose rank 2 wrote it"),
    expect.stringContaining("__3_1.distcp is not whole on node-2, whose rank 3 wrote it"),
  ]);
});

test("a shared disk is recognised and left alone", () => {
  const here = makeCheckpoint(nodes.out("node-1"), 20, 4);
  fs.rmSync(nodes.out("node-2"), { recursive: true });
  fs.symlinkSync(nodes.out("node-1"), nodes.out("node-2"));
  const before = fs.readdirSync(here).map(name => fs.statSync(path.join(here, name)).mtimeMs);
  expect(gather().result).toMatchObject({ ok: true, sharedWith: ["node-2"], copied: [] });
  expect(fs.readdirSync(here).map(name => fs.statSync(path.join(here, name)).mtimeMs)).toEqual(before);
});

test("an unreachable peer and an unfinished checkpoint are errors", () => {
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
});

describe("the newest finished iteration", () => {
  const found = (): string => path.relative(nodes.out("node-1"), gather(undefined, []).result.folder);

  test("is in the version folder of the highest number", () => {
    const out = nodes.out("node-1");
    for (const name of ["v9-20260101-000000", "v10-20260102-000000"]) makeCheckpoint(path.join(out, name), 20, 1);
    expect(found()).toBe("v10-20260102-000000/iter_0000020");
  });

  test("is in the checkpoint folder of the highest number, with or without a version folder", () => {
    const out = nodes.out("node-1");
    for (const step of [90, 100]) makeCheckpoint(path.join(out, `checkpoint-${step}`), step, 1);
    fs.mkdirSync(path.join(out, "checkpoint-100-merged"));
    fs.symlinkSync("checkpoint-90", path.join(out, "last-checkpoint"));
    expect(found()).toBe("checkpoint-100/iter_0000100");
    for (const step of [5, 10]) makeCheckpoint(path.join(out, "v2-20260102-000000", `checkpoint-${step}`), step, 1);
    fs.rmSync(path.join(out, "checkpoint-90"), { recursive: true });
    fs.rmSync(path.join(out, "checkpoint-100"), { recursive: true });
    expect(found()).toBe("v2-20260102-000000/checkpoint-10/iter_0000010");
  });

  test("is not the one whose saving was cut off, and that is told", () => {
    const out = nodes.out("node-1");
    makeCheckpoint(out, 20, 1);
    fs.mkdirSync(path.join(out, "iter_0000040"));
    const { result } = gather(out, []);
    expect(result.folder).toBe(path.join(out, "iter_0000020"));
    expect(result.passedOver).toEqual([expect.stringContaining("iter_0000040 is newer, but its saving was cut off")]);
    fs.rmSync(path.join(out, "latest_checkpointed_iteration.txt"));
    for (const step of [20, 40]) makeCheckpoint(path.join(out, `checkpoint-${step}`), step, 1);
    fs.rmSync(path.join(out, "checkpoint-40", "latest_checkpointed_iteration.txt"));
    const next = gather(out, []).result;
    expect(next.folder).toBe(path.join(out, "checkpoint-20", "iter_0000020"));
    expect(next.passedOver).toEqual([expect.stringContaining("checkpoint-40")]);
  });
});

test("safetensors without shards, as ms-swift 4 writes without the optimizer's state, need no gathering", () => {
  const folder = path.join(nodes.out("node-1"), "checkpoint-20");
  fs.mkdirSync(path.join(folder, "iter_0000020"), { recursive: true });
  fs.writeFileSync(path.join(folder, "latest_checkpointed_iteration.txt"), "20");
  expect(gather().result.faults?.[0]).toContain("config.json is missing");
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  fs.writeFileSync(path.join(folder, "model.safetensors"), Buffer.concat([length, header, Buffer.alloc(4)]));
  fs.writeFileSync(path.join(folder, "config.json"), "{}");
  expect(gather().result).toMatchObject({ ok: true, required: 0, weights: ["model.safetensors"] });
});

test("a stray shard is named and left alone", () => {
  const { here } = scatter();
  fs.writeFileSync(path.join(here, "__9_0.distcp"), "of another world size");
  expect(gather().result).toMatchObject({ ok: true, extra: ["__9_0.distcp"] });
  expect(fs.existsSync(path.join(here, "__9_0.distcp"))).toBe(true);
});

test("nodes that share one disk, and one with its own: only the latter's shards are copied", () => {
  const here = makeCheckpoint(nodes.out("node-1"), 20, 4);
  fs.rmSync(nodes.out("node-2"), { recursive: true });
  fs.symlinkSync(nodes.out("node-1"), nodes.out("node-2"));
  const own = nodes.add("node-3");
  const there = path.join(own, "iter_0000020");
  fs.mkdirSync(there, { recursive: true });
  const last = makeCheckpoint(path.join(nodes.base, "six"), 20, 6);
  for (const name of fs.readdirSync(last)) fs.cpSync(path.join(last, name), path.join(here, name));
  for (const name of shardsOf(here, rank => rank >= 4)) fs.renameSync(path.join(here, name), path.join(there, name));
  const run = gather(undefined, ["--ranks-per-node", "2", "--peer", "node-3"]);
  expect(run.result).toMatchObject({ ok: true, sharedWith: ["node-2"], faults: [] });
  expect(new Set(run.result.copied.map(copy => copy.from))).toEqual(new Set(["node-3"]));
});
