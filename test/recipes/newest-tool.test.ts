import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const tools = path.join(__dirname, "..", "..", "recipes", "tools");
let base: string;

beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-newest-"));
});
afterEach(() => fs.rmSync(base, { recursive: true }));

function write(...files: string[]): void {
  for (const name of files) {
    fs.mkdirSync(path.dirname(path.join(base, name)), { recursive: true });
    const step = /_0*(\d+)\/|checkpoint-(\d+)/.exec(name);
    fs.writeFileSync(path.join(base, name), name.endsWith("iteration.txt") ? (step?.[2] ?? "20") : name);
  }
}

function newest(...argv: string[]): { status: number | null; said: string } {
  const done = spawnSync("python3", ["-B", path.join(tools, "newest.py"), ...argv], { encoding: "utf8" });
  return { status: done.status, said: `${done.stdout}${done.stderr}` };
}

const run = () => path.join(base, "run");

/** Files of one checkpoint, as the real run of ms-swift 4.6.0 left them. */
function checkpoint(step: number, merged = false): string[] {
  const folder = `run/checkpoint-${step}${merged ? "-merged" : ""}`;
  const iteration = `iter_${String(step).padStart(7, "0")}`;
  const state = merged ? [] : [`${iteration}/.metadata`, `${iteration}/__0_0.distcp`];
  const weights = ["config.json", "model.safetensors", "tokenizer.json"];
  return ["args.json", "latest_checkpointed_iteration.txt", ...weights, ...state].map(name => `${folder}/${name}`);
}

test("the highest number counts, not the name's order and not the time", () => {
  write(...checkpoint(10), ...checkpoint(9));
  const found = newest("--folder", run(), "--has", "tracker", "--", "echo", "--mcore_model", run(), "--x", "--");
  expect(found).toEqual({
    status: 0,
    said: `newest checkpoint: ${run()}/checkpoint-10\n--mcore_model ${run()}/checkpoint-10 --x --\n`,
  });
});

test("weights are taken without the state of the training, and merged ones first", () => {
  write(...checkpoint(20), ...checkpoint(20, true), "run/checkpoint-20-merged/optimizer.pt");
  const out = path.join(base, "hf.partial");
  expect(newest("--folder", run(), "--has", "weights", "--output_dir", out).said).toBe(
    `took ${run()}/checkpoint-20-merged\n`,
  );
  expect(fs.readdirSync(out).sort()).toEqual(["args.json", "config.json", "model.safetensors", "tokenizer.json"]);
  const link = fs.statSync(path.join(out, "model.safetensors"));
  expect(link.ino).toBe(fs.statSync(path.join(run(), "checkpoint-20-merged", "model.safetensors")).ino);
});

test("a checkpoint without the thing is passed over, and none at all names what was seen", () => {
  write(...checkpoint(10), "run/checkpoint-20/args.json", "run/checkpoint-20/adapter_config.json");
  expect(newest("--folder", run(), "--has", "weights", "--", "echo", run()).said).toContain("checkpoint-10\n");
  const none = newest("--folder", run(), "--has", "adapter", "--", "echo");
  expect(none.status).toBe(1);
  expect(none.said).toContain("no adapter in");
  expect(none.said).toContain("found checkpoint-20, checkpoint-10");
});

test("a folder that is a checkpoint itself stands for itself", () => {
  write("run/latest_checkpointed_iteration.txt", "run/iter_0000020/.metadata");
  expect(newest("--folder", run(), "--has", "tracker", "--", "echo", run()).said).toContain(`\n${run()}\n`);
});

test("inside the guard the command still gets its own words", () => {
  write(...checkpoint(3));
  const out = path.join(base, "hf");
  fs.writeFileSync(path.join(run(), "checkpoint-3", "model.safetensors"), safetensors());
  const inner = ["python3", path.join(tools, "newest.py"), "--folder", run(), "--has", "weights"];
  const guard = ["-B", path.join(tools, "convert.py"), "--format", "hf", "--output", out, "--identity", "a"];
  const taken = spawnSync("python3", [...guard, "--", ...inner, "--output_dir", `${out}.partial`], {
    encoding: "utf8",
  });
  expect([taken.status, taken.stderr]).toEqual([0, expect.any(String)]);
  expect(fs.existsSync(path.join(out, "config.json"))).toBe(true);
  const copy = ["sh", "-c", 'cp -r "$1" "$2"', "sh", run(), `${out}2.partial`];
  const second = [...guard.slice(0, 5), `${out}2`, ...guard.slice(6), "--", ...inner, "--", ...copy];
  const converted = spawnSync("python3", second, { encoding: "utf8" });
  expect([converted.status, fs.existsSync(path.join(`${out}2`, "config.json"))]).toEqual([0, true]);
});

/** One tensor of four bytes. */
function safetensors(): Buffer {
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(4)]);
}
