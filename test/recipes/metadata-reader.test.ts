import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { makeCheckpoint, runTool, toolsFolder } from "../support/nodes";
import { unpackReal } from "../support/real-run";

let base: string;
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-metadata-"));
});
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

interface Said {
  readonly fault?: string;
  readonly needed?: Record<string, number>;
  readonly weightBytes?: number;
  readonly hasCommonState?: boolean;
}

function read(folder: string): Said {
  const script = [
    "import json, sys; sys.path.insert(0, sys.argv[1]); import dcp",
    "try:",
    "    m = dcp.read_metadata(sys.argv[2])",
    "    print(json.dumps({'needed': m.needed, 'weightBytes': m.weight_bytes, 'hasCommonState': m.has_common_state}))",
    "except dcp.CheckpointError as error:",
    "    print(json.dumps({'fault': str(error)}))",
  ].join("\n");
  return JSON.parse(execFileSync("python3", ["-B", "-c", script, toolsFolder, folder], { encoding: "utf8" }));
}

/** A `.metadata` written by Python code that gets `path`, the file, and `mark`, a file that nobody may make. */
function hostile(code: string): { said: Said; isHarmed: boolean } {
  const mark = path.join(base, "harmed");
  const prepared = `import os, pickle, pickletools, struct\npath, mark = ${JSON.stringify(path.join(base, ".metadata"))}, ${JSON.stringify(mark)}\n`;
  execFileSync("python3", ["-c", prepared + code]);
  return { said: read(base), isHarmed: fs.existsSync(mark) };
}

test("real files of megatron-core 0.19: needed files, the model's own bytes, the common state among the tensors", () => {
  unpackReal("two-nodes", base);
  const trained = read(path.join(base, "n0/d/checkpoint-20/iter_0000020"));
  expect(Object.keys(trained.needed ?? {}).sort()).toEqual(["__0_0.distcp", "__1_0.distcp"]);
  expect(trained.hasCommonState).toBe(true);
  unpackReal("converted", base);
  const converted = read(path.join(base, "tiny-mcore/iter_0000001"));
  // 460,160 parameters of two bytes each, and what torch puts around every tensor; the optimizer's bytes are not in it.
  for (const said of [trained, converted]) {
    expect(said.weightBytes).toBeGreaterThan(920_320);
    expect(said.weightBytes).toBeLessThan(1.15 * 920_320);
  }
});

test("older files have no common state among the tensors", () => {
  expect(read(makeCheckpoint(base, 1, 2))).toMatchObject({ hasCommonState: false });
});

describe("a file that was made to harm", () => {
  test("is refused with the name of what it would have run, and runs nothing", () => {
    const { said, isHarmed } = hostile(`class E:
    def __reduce__(self): return (os.system, ("touch " + mark,))
pickle.dump(E(), open(path, "wb"))`);
    expect(said.fault).toMatch(/names (posix|os)\.system, which no checkpoint holds/);
    expect(isHarmed).toBe(false);
  });

  test("is refused too when the call hides in a file that is right otherwise", () => {
    const folder = makeCheckpoint(base, 1, 1);
    const file = path.join(folder, ".metadata");
    const mark = path.join(base, "harmed");
    // A call whose result is thrown away, before the real object.
    const code = `import sys
body = open(sys.argv[1], "rb").read()
call = b"c__builtin__\\neval\\n(V__import__('os').mkdir('" + sys.argv[2].encode() + b"')\\ntR0"
open(sys.argv[1], "wb").write(body[:2] + call + body[2:])`;
    execFileSync("python3", ["-c", code, file, mark]);
    expect(read(folder).fault).toContain("which no checkpoint holds");
    expect(fs.existsSync(mark)).toBe(false);
  });

  test.each([
    ["a bytearray of 64 GiB", 'open(path, "wb").write(b"\\x80\\x05\\x96" + struct.pack("<Q", 1 << 36) + b".")'],
    ["a list of lists that doubles", 'open(path, "wb").write(b"\\x80\\x04" + b"(l" + b"22e" * 3 + b".")'],
    ["nothing", 'open(path, "wb")'],
    ["noise", 'open(path, "wb").write(b"\\x80\\x04" + os.urandom(4096))'],
    ["no pickle", 'open(path, "wb").write(b"PK\\x03\\x04" * 100)'],
    ["a number", 'pickle.dump(7, open(path, "wb"))'],
  ])("%s is a clear error", (_name, code) => {
    expect(hostile(code).said.fault).toMatch(/\.metadata cannot be read: ./);
  });

  test("more than a file of its kind can have is not even opened", () => {
    expect(hostile('open(path, "wb").truncate(1 << 31)').said.fault).toContain("no checkpoint's has more than");
  });

  test("names of files outside the folder are refused", () => {
    const folder = makeCheckpoint(base, 1, 1);
    const file = path.join(folder, ".metadata");
    const text = fs.readFileSync(file, "latin1");
    fs.writeFileSync(file, text.replace("__0_0.distcp", "../../passwd"), "latin1");
    const { result } = runTool<{ faults: string[] }>("gather.py", ["--folder", base]);
    expect(result.faults).toEqual([expect.stringContaining("names a file that is no shard: '../../passwd'")]);
  });
});
