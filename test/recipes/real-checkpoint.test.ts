import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseProgress } from "../../provider/muster/kinds/job/progress";
import { runTool, SimulatedNodes, type ToolRun } from "../support/nodes";
import { realLog, unpackReal } from "../support/real-run";

/** What the real export read, as test/cases/megatron-4.6.0/README.md says. */
const shards = {
  "__0_0.distcp": "bfcdebfde9b922f297dc9f394066008a25484ed3bc22eab609fa3a4e4b3e4279",
  "__1_0.distcp": "74f919643690f9f671023b399d734fce2436839365ebc1a216ef4e879091b85f",
};

interface Gathered {
  readonly ok: boolean;
  readonly faults: string[];
  readonly folder: string;
  readonly copied: { file: string; from: string; sha256: string }[];
  readonly files: Record<string, { sha256: string }>;
}

let nodes: SimulatedNodes;
beforeEach(() => {
  nodes = new SimulatedNodes(["node-1", "node-2"]);
  unpackReal("two-nodes", nodes.base);
  for (const [from, to] of [
    ["n0", "node-1"],
    ["n1", "node-2"],
  ] as const) {
    fs.rmSync(nodes.out(to), { recursive: true });
    fs.renameSync(path.join(nodes.base, from, "d"), nodes.out(to));
  }
});
afterEach(() => nodes.remove());

function gather(): ToolRun<Gathered> {
  const peer = ["--peer", "node-2", "--ssh", nodes.ssh, "--ranks-per-node", "1"];
  return runTool("gather.py", ["--folder", nodes.out("node-1"), ...peer]);
}

const place = (node: string, file: string): string => path.join(nodes.out(node), "checkpoint-20", "iter_0000020", file);
const digest = (file: string): string => createHash("sha256").update(fs.readFileSync(file)).digest("hex");

test("a real run of two nodes is completed with the very bytes that the real export needed", () => {
  const before = fs.readdirSync(place("node-1", "."));
  const { result } = gather();
  expect(result).toMatchObject({
    ok: true,
    faults: [],
    ranks: [0, 1],
    required: 2,
    extra: [],
    passedOver: [],
    copied: [{ file: "__1_0.distcp", from: "node-2", bytes: 3277764, sha256: shards["__1_0.distcp"] }],
  });
  for (const [name, sha256] of Object.entries(shards)) {
    expect(digest(place("node-1", name))).toBe(sha256);
    expect(result.files[name]?.sha256).toBe(sha256);
  }
  expect(fs.readdirSync(place("node-1", ".")).sort()).toEqual([...before, "__1_0.distcp"].sort());
  expect(gather().result).toMatchObject({ ok: true, copied: [] });
});

test("its shard that is missing or cut off is named, and no half is taken for whole", () => {
  fs.truncateSync(place("node-2", "__1_0.distcp"), 3277763 - 4096);
  expect(gather().result.faults).toEqual([
    expect.stringContaining("__1_0.distcp is not whole on node-2, whose rank 1 wrote it"),
  ]);
  fs.rmSync(place("node-2", "__1_0.distcp"));
  expect(gather().status).toBe(1);
  expect(fs.existsSync(place("node-1", "__1_0.distcp"))).toBe(false);
});

test("a truncated shard on the first node itself is named with its rank", () => {
  fs.truncateSync(place("node-1", "__0_0.distcp"), 1000);
  expect(gather().result.faults).toEqual([
    expect.stringContaining("__0_0.distcp is not whole on this node, whose rank 0 wrote it"),
  ]);
});

test("a real conversion is whole as it is, without a common.pt", () => {
  const folder = path.join(nodes.base, "converted");
  unpackReal("converted", folder);
  const { result } = runTool<Gathered>("gather.py", ["--folder", path.join(folder, "tiny-mcore")]);
  expect(result).toMatchObject({ ok: true, required: 2, faults: [] });
  expect(fs.readdirSync(result.folder)).not.toContain("common.pt");
});

test("the steps of the real training are read from its console, whatever carriage returns are in it", () => {
  expect(realLog("killed")).toContain("\r");
  expect(parseProgress(realLog("killed"))).toEqual({ step: 31, of: 3000, loss: 0.69342154 });
  expect(parseProgress(realLog("peer-awaited"))).toBeUndefined();
});
