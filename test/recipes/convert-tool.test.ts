import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { makeCheckpoint, runTool, type ToolRun } from "../support/nodes";

interface Converted {
  readonly ok: boolean;
  readonly faults?: string[];
  readonly skipped?: boolean;
  readonly meanDiff?: number;
}

let base: string;
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-convert-"));
});
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

const good37 = "mean_diff: 4.7e-05, max_diff: 0.0003 (Please check that mean_diff is less than 0.1).";
/** As ms-swift 4.6.0 prints it on a GPU: the line to judge is the second. */
const good46 =
  "token_mean_diff: tensor([[9.9]])\\nmean_diff: 9.5, max_diff: 9.9\\nmean_diff (with loss): 4.79e-05, max_diff (with loss): 0.00028 (Please check that mean_diff (with loss) is less than 0.1).";

/** A stand-in for `swift export`: prints the lines, copies prepared weights to the partial folder, ends with the status. */
function convert(
  format: "hf" | "mcore",
  lines: string,
  options: { from: string; status?: number; identity?: string },
): ToolRun<Converted> {
  const output = path.join(base, "out", "weights");
  const script = `printf '${lines}\\n'; mkdir -p "$1"; cp -a "$0"/. "$1"; exit ${options.status ?? 0}`;
  const argv = [
    "--format",
    format,
    "--output",
    output,
    "--identity",
    options.identity ?? "a",
    "--max-mean-diff",
    "0.1",
  ];
  return runTool("convert.py", [...argv, "--", "sh", "-c", script, options.from, `${output}.partial`]);
}

/** HF weights of one tensor; `cut` bytes are missing at the end. */
function hfWeights(cut = 0): string {
  const folder = fs.mkdtempSync(path.join(base, "hf-"));
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [4], data_offsets: [0, 16] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  fs.writeFileSync(path.join(folder, "model.safetensors"), Buffer.concat([length, header, Buffer.alloc(16 - cut)]));
  fs.writeFileSync(path.join(folder, "config.json"), "{}");
  return folder;
}

function mcoreWeights(): string {
  const folder = fs.mkdtempSync(path.join(base, "mcore-"));
  makeCheckpoint(folder, 1, 1);
  return folder;
}

const output = (): string => path.join(base, "out", "weights");

test("whole weights get their name, and the same identity runs nothing again", () => {
  const first = convert("mcore", good37, { from: mcoreWeights() });
  expect(first.result).toMatchObject({ ok: true, skipped: false, meanDiff: 4.7e-5 });
  expect(fs.existsSync(`${output()}.partial`)).toBe(false);
  expect(convert("mcore", "must not run", { from: "/nowhere", status: 9 }).result).toMatchObject({
    ok: true,
    skipped: true,
  });
});

test("another identity replaces the output and keeps one previous", () => {
  convert("hf", good37, { from: hfWeights() });
  expect(convert("hf", good37, { from: hfWeights(), identity: "b" }).result).toMatchObject({
    ok: true,
    skipped: false,
  });
  expect(JSON.parse(fs.readFileSync(`${output()}.previous/.muster.json`, "utf8"))).toMatchObject({ identity: "a" });
});

test("the precision of ms-swift 4 is read from its own line", () => {
  expect(convert("hf", good46, { from: hfWeights() }).result).toMatchObject({ ok: true, meanDiff: 4.79e-5 });
});

test.each([
  ["a bad precision", good37.replace("4.7e-05", "0.2"), "mean_diff 0.2 is not below 0.1"],
  ["no number", good37.replace("4.7e-05", "nan"), "mean_diff nan is not below 0.1"],
  ["no precision line", "all well", "no precision line in the output"],
])("%s leaves no output", (_name, lines, reason) => {
  const run = convert("hf", lines, { from: hfWeights() });
  expect(run.status).toBe(1);
  expect(run.result.faults?.[0]).toContain(reason);
  expect(fs.existsSync(output())).toBe(false);
});

test("truncated and missing weights leave no output", () => {
  expect(convert("hf", good37, { from: hfWeights(4) }).result.faults?.[0]).toContain("its header promises");
  const holed = mcoreWeights();
  fs.rmSync(path.join(holed, "iter_0000001", "__0_1.distcp"));
  expect(convert("mcore", good37, { from: holed }).result.faults?.[0]).toContain("__0_1.distcp is missing (rank 0)");
  expect(fs.existsSync(output())).toBe(false);
});

test("a conversion that died is begun anew", () => {
  fs.mkdirSync(`${output()}.partial`, { recursive: true });
  fs.writeFileSync(path.join(`${output()}.partial`, "rest"), "x");
  expect(convert("hf", good37, { from: hfWeights() }).result.ok).toBe(true);
  expect(fs.existsSync(path.join(output(), "rest"))).toBe(false);
});

test("a failure says why", () => {
  const no = convert("hf", "Traceback\\nValueError: remaining_argv: [--x]", { from: hfWeights(), status: 1 });
  expect(no.result.faults).toEqual(["sh ended with 1: ValueError: remaining_argv: [--x]"]);
  const full = convert("hf", "torch.OutOfMemoryError: CUDA out of memory.", { from: hfWeights(), status: 1 });
  expect(full.result.faults?.[0]).toContain("not enough memory; testPrecision: false");
});

test("weights of somebody else: a whole conversion is taken, a trained result is not", () => {
  fs.mkdirSync(path.dirname(output()), { recursive: true });
  fs.cpSync(mcoreWeights(), output(), { recursive: true });
  expect(convert("mcore", "", { from: "/nowhere" }).result).toMatchObject({ ok: true, skipped: true });
  fs.rmSync(output(), { recursive: true });
  fs.cpSync(hfWeights(), output(), { recursive: true });
  expect(convert("hf", "", { from: "/nowhere" }).result.faults?.[0]).toContain("was not made by muster");
});
