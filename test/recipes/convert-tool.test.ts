import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { start, until } from "../support/command";
import { makeCheckpoint, runTool, type ToolRun, toolsFolder } from "../support/nodes";
import { realLog, unpackReal } from "../support/real-run";

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

/** Last words of ms-swift 3.7.1, of 4.6.0, and of a LoRA that is merged without Megatron. */
const saved = {
  hf: [
    "Successfully saved HF model weights in `/o`.",
    "Successfully saved `safetensors` model weights in `/o`.",
    "Successfully merged LoRA and saved in `/o`.",
  ],
  mcore: ["Successfully saved Megatron model weights in `/o`."],
};

const good37 = "mean_diff: 4.7e-05, max_diff: 0.0003 (Please check that mean_diff is less than 0.1).";
/** As ms-swift 4.6.0 prints it on a GPU: the line to judge is the second. */
const good46 =
  "token_mean_diff: tensor([[9.9]])\\nmean_diff: 9.5, max_diff: 9.9\\nmean_diff (with loss): 4.79e-05, max_diff (with loss): 0.00028 (Please check that mean_diff (with loss) is less than 0.1).";

/** A stand-in for `swift export`: prints the lines, copies prepared weights to the partial folder, ends with the status. */
function convert(
  format: "hf" | "mcore",
  lines: string,
  options: { from: string; status?: number; identity?: string; last?: string; source?: string },
): ToolRun<Converted> {
  const output = path.join(base, "out", "weights");
  const last = options.last ?? saved[format][0];
  const script = `printf '${lines}\\n'; echo '${last}'; mkdir -p "$1"; cp -a "$0"/. "$1"; exit ${options.status ?? 0}`;
  const argv = [
    "--format",
    format,
    "--output",
    output,
    "--identity",
    options.identity ?? "a",
    "--max-mean-diff",
    "0.1",
    ...(options.source === undefined ? [] : ["--source", options.source]),
  ];
  return runTool("convert.py", [...argv, "--", "sh", "-c", script, options.from, `${output}.partial`, "export"]);
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
  const cut = mcoreWeights();
  fs.truncateSync(path.join(cut, "iter_0000001", "__0_1.distcp"), 10);
  expect(convert("mcore", good37, { from: cut }).result.faults?.[0]).toMatch(
    /__0_1.distcp has 10 bytes, at least 1000/,
  );
  expect(fs.existsSync(output())).toBe(false);
});

test.each(saved.hf)("success is what the version says: %s", last => {
  expect(convert("hf", good37, { from: hfWeights(), last }).result).toMatchObject({ ok: true });
});

test("a command that ends well and does not say that it has saved has not", () => {
  const run = convert("hf", good37, { from: hfWeights(), last: "bye" });
  expect(run.result.faults?.[0]).toContain("did not say that it has saved the weights");
  expect(fs.existsSync(output())).toBe(false);
});

test.each([
  ["mcore", "to-mcore", 4.7919442295096815e-5],
  ["hf", "to-hf", 5.1004375563934445e-5],
  ["hf", "export-gathered", 5.2113551646471024e-5],
] as const)("the console of a real conversion to %s: %s", (format, log, meanDiff) => {
  const file = path.join(base, "console");
  fs.writeFileSync(file, realLog(log));
  const from = format === "hf" ? hfWeights() : mcoreWeights();
  const argv = ["--format", format, "--output", output(), "--max-mean-diff", "0.1", "--"];
  const script = 'cat "$0"; mkdir -p "$2"; cp -a "$1"/. "$2"';
  const run = runTool<Converted>("convert.py", [
    ...argv,
    "sh",
    "-c",
    script,
    file,
    from,
    `${output()}.partial`,
    "export",
  ]);
  expect(run.result).toMatchObject({ ok: true, meanDiff });
});

test.each([
  ["shard-missing", /^sh ended with 1: \[rank0\]: FileNotFoundError: .*__1_0\.distcp'$/],
  ["duplicate-gpu", /^sh ended with 1: \[rank0\]: torch\.distributed\.DistBackendError: NCCL error in/],
])("the reason of a real failure is its error, not the last words: %s", (log, reason) => {
  const file = path.join(base, "console");
  fs.writeFileSync(file, realLog(log));
  const argv = ["--format", "hf", "--output", output(), "--", "sh", "-c", 'cat "$0"; exit 1', file];
  expect(runTool<Converted>("convert.py", argv).result.faults).toEqual([expect.stringMatching(reason)]);
});

describe("a conversion that was killed", () => {
  test("half-way leaves a partial folder; the next one clears it and converts", async () => {
    const go = path.join(base, "go");
    const script = `mkdir -p "$1"; echo x >"$1/rest"; echo $$ >"${go}.new"; mv "${go}.new" "${go}"; exec sleep 60`;
    const argv = ["--format", "hf", "--output", output(), "--", "sh", "-c", script, "x", `${output()}.partial`];
    const run = start("python3", ["-B", path.join(toolsFolder, "convert.py"), ...argv]);
    await until("it is half-way", async () => (fs.existsSync(go) ? true : undefined), 20);
    run.killGroup("SIGKILL");
    // The command has a group of its own; what ends a job ends both.
    process.kill(Number(fs.readFileSync(go, "utf8")), "SIGKILL");
    await run.finished;
    expect(fs.readdirSync(path.dirname(output()))).toEqual(["weights.partial"]);
    expect(convert("hf", good37, { from: hfWeights() }).result).toMatchObject({ ok: true, skipped: false });
    expect(fs.readdirSync(path.dirname(output()))).toEqual(["weights"]);
    expect(fs.existsSync(path.join(output(), "rest"))).toBe(false);
  });

  test("when only the name was missing needs no other conversion; of another identity it is none", () => {
    convert("hf", good37, { from: hfWeights() });
    fs.renameSync(output(), `${output()}.partial`);
    expect(convert("hf", "must not run", { from: "/nowhere", status: 9 }).result).toMatchObject({ ok: true });
    fs.renameSync(output(), `${output()}.partial`);
    expect(convert("hf", good37, { from: "/nowhere", status: 9, identity: "b" }).status).toBe(1);
  });
});

describe("before it starts", () => {
  /** Runs with the disk and the memory of a host that has so much free. */
  function on(host: { disk: number; memory: number }, source: string): ToolRun<Converted> {
    const done = began(host, source, []);
    return { ...done, result: JSON.parse(done.stdout.trim().split("\n").at(-1) ?? "") };
  }

  function began(host: { disk: number; memory: number }, source: string, extra: readonly string[]) {
    const code = `import sys; sys.path.insert(0, ${JSON.stringify(toolsFolder)}); import room, convert
room.free_disk, room.free_memory = lambda folder: ${host.disk}, lambda: ${host.memory}
convert.main()`;
    const script = `echo ran >"$0"; exit 1`;
    const argv = ["--format", "mcore", "--output", output(), "--source", source, ...extra, "--", "sh", "-c", script];
    return spawnSync("python3", ["-B", "-c", code, ...argv, path.join(base, "ran")], { encoding: "utf8" });
  }

  test("a plan can ask, and nothing is done", () => {
    const ask = (disk: number, source: string) => began({ disk, memory: 1e12 }, source, ["--ask"]);
    expect(ask(10, hfWeights())).toMatchObject({
      status: 10,
      stdout: expect.stringContaining("the converted weights take"),
    });
    expect(ask(1e12, hfWeights())).toMatchObject({ status: 0 });
    // A step that has not run yet will make it.
    expect(ask(10, "/nowhere")).toMatchObject({ status: 0 });
    expect(fs.existsSync(path.join(base, "ran"))).toBe(false);
    expect(fs.existsSync(path.dirname(output()))).toBe(false);
    convert("mcore", good37, { from: mcoreWeights(), identity: "" });
    expect(ask(10, hfWeights())).toMatchObject({ status: 0 });
  });

  test("disk and memory are asked, and both lacks are told at once", () => {
    const { result } = on({ disk: 10, memory: 20 }, hfWeights());
    expect(result.faults?.[0]).toMatch(
      /out has 0\.0 MiB free, the converted weights take .* another disk; this host has/,
    );
    expect(result.faults?.[0]).toContain("let another node convert");
    expect(fs.existsSync(path.join(base, "ran"))).toBe(false);
  });

  test("a trained checkpoint counts without the optimizer's state, which is not converted", () => {
    unpackReal("two-nodes", base);
    const source = path.join(base, "n0", "d");
    // The shards hold 6.6 MB, the model 0.9.
    expect(on({ disk: 2e6, memory: 2e6 }, source).result.faults?.[0]).toContain("sh ended with 1");
    expect(fs.existsSync(path.join(base, "ran"))).toBe(true);
    expect(on({ disk: 9e5, memory: 2e6 }, source).result.faults?.[0]).toContain("the converted weights take");
  });

  test("a source that is not there is named", () => {
    expect(on({ disk: 1e12, memory: 1e12 }, "/nowhere").result.faults).toEqual(["/nowhere is not there"]);
  });
});

test("this host's own room is read", () => {
  const code = `import sys; sys.path.insert(0, ${JSON.stringify(toolsFolder)}); import room
room.CGROUP = sys.argv[1]
print(room.free_memory(), room.free_disk(sys.argv[1] + "/not/yet/there"))`;
  const ask = (): number[] => {
    const run = spawnSync("python3", ["-B", "-c", code, base], { encoding: "utf8" });
    return run.stdout.trim().split(" ").map(Number);
  };
  const [memory = 0, disk = 0] = ask();
  expect(memory).toBeLessThanOrEqual(os.totalmem());
  expect(disk).toBeGreaterThan(0);
  fs.writeFileSync(path.join(base, "memory.max"), "5000000\n");
  fs.writeFileSync(path.join(base, "memory.current"), "1000000\n");
  expect(ask()[0]).toBe(4_000_000);
  fs.writeFileSync(path.join(base, "memory.max"), "max\n");
  expect(ask()[0]).toBeGreaterThan(4_000_000);
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
