import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseReports } from "../../plan/fabric/reports";
import { Cleanup } from "../support/cleanup";
import { toolsFolder } from "../support/nodes";
import { ToolPython } from "../support/tool-python";

const cleanup = new Cleanup();
afterEach(cleanup.run);
const tools = new ToolPython(cleanup);
const cases = path.join(__dirname, "cases", "nccl-tests");

describe("what all_reduce_perf prints", () => {
  const finding = (file: string, ranks: number, mib: number, ended = "") =>
    tools.evaluate(
      `import nccl_output\nprint(json.dumps(nccl_output.finding(open("${path.join(cases, file)}").read(), "${ended}", ${ranks}, ${mib})))`,
    );

  test("the row of the size, in place", async () => {
    const version = { version: "2.19.6", nccl: 22809, ranks: 2 };
    expect(await finding("h100-two-gpus.txt", 2, 512)).toEqual({
      ...version,
      sizeMib: 512,
      busbwGBps: 312.36,
      wrong: 0,
    });
    expect(await finding("h100-unchecked.txt", 2, 8)).toEqual({ ...version, sizeMib: 8, busbwGBps: 164.86, wrong: 0 });
  });

  test("of several processes under mpirun", async () => {
    const told = { version: "2.19.6", nccl: 22809, ranks: 4, sizeMib: 256, busbwGBps: 339.87, wrong: 0 };
    expect(await finding("h100-mpi-four-ranks.txt", 4, 256)).toEqual(told);
  });

  test("older versions have no root, and errors in place of counts", async () => {
    const told = { version: "", nccl: 0, ranks: 2, sizeMib: 1024, busbwGBps: 100.33, wrong: 0 };
    expect(await finding("before-2.13.txt", 2, 1024)).toEqual(told);
  });

  test("wrong sums, also where it writes their number short", async () => {
    expect(await finding("wrong-sums.txt", 2, 512)).toMatchObject({ wrong: 1_200_003 });
    // Of the other sizes it tells in the footer alone.
    expect(await finding("wrong-sums.txt", 2, 8)).toMatchObject({ wrong: 2 });
  });

  test("a failure, by its first word on it", async () => {
    const told = "all_reduce_perf ended with 3: Invalid number of GPUs: 3 requested but only 2 were found.";
    expect(await finding("h100-too-many-gpus.txt", 3, 8, "all_reduce_perf ended with 3")).toEqual({ told });
  });

  test("tests of one rank each side by side are no measurement of all", async () => {
    expect(await finding("side-by-side.txt", 2, 64)).toEqual({
      told: expect.stringMatching(/^it ran over other ranks than 2/),
    });
  });
});

describe("how it is measured", () => {
  const all = { has: true, mpi: true, mpirun: true };
  const plan = (has: readonly object[], perNode: number) => {
    const nodes = Object.fromEntries(has.map((each, at) => [`node-${at + 1}`, each]));
    return tools.evaluate(`import nccl_tests
print(json.dumps(nccl_tests.plan(json.loads('''${JSON.stringify(nodes)}'''.replace("'", '"')), ${perNode})))`);
  };

  test.each<[string, object[], number, object]>([
    ["over all ranks with MPI on all nodes", [all, { ...all, mpirun: false }], 8, { over: "all", why: "" }],
    [
      "inside each node without mpirun",
      [{ ...all, mpirun: false }, all],
      8,
      { over: "node", why: "no mpirun of Open MPI on node-1" },
    ],
    [
      "inside each node without MPI",
      [all, { ...all, mpi: false }],
      8,
      { over: "node", why: "all_reduce_perf is not built with MPI on node-2" },
    ],
    ["not at all where that would be one rank", [all, { ...all, mpi: false }], 1, { over: null }],
    [
      "not at all where a node lacks it",
      [all, { has: false, mpi: false, mpirun: false }],
      8,
      { over: null, why: "no all_reduce_perf on node-2" },
    ],
    ["one node alone needs no MPI", [{ has: true, mpi: false, mpirun: false }], 8, { over: "node", why: "" }],
  ])("%s", async (_what, has, perNode, chosen) => {
    expect(await plan(has, perNode)).toMatchObject(chosen);
  });

  test("mpirun gets each node's ranks with its own program and variables", async () => {
    const offers = {
      "node-1": {
        program: "/opt/nccl-tests/build/all_reduce_perf",
        host: "gpu-a",
        mpirun: "/usr/bin/mpirun",
        env: { NCCL_SOCKET_IFNAME: "=eth0" },
      },
      "node-2": {
        program: "/usr/bin/all_reduce_perf_mpi",
        host: "gpu-b",
        mpirun: "",
        env: { NCCL_SOCKET_IFNAME: "=ens3" },
      },
    };
    const size = ["-b", "64M", "-e", "64M", "-f", "2", "-w", "5", "-n", "20", "-c", "1", "-g", "1"];
    const argv = await tools.evaluate(
      `import nccl_tests\nprint(json.dumps(nccl_tests.mpirun_command(json.loads('${JSON.stringify(offers)}'), 2, 64)))`,
    );
    expect(argv).toEqual([
      ...["/usr/bin/mpirun", "--bind-to", "none"],
      ...[
        "-np",
        "2",
        "--host",
        "gpu-a:2",
        "-x",
        "NCCL_SOCKET_IFNAME==eth0",
        "/opt/nccl-tests/build/all_reduce_perf",
        ...size,
      ],
      ...[
        ":",
        "-np",
        "2",
        "--host",
        "gpu-b:2",
        "-x",
        "NCCL_SOCKET_IFNAME==ens3",
        "/usr/bin/all_reduce_perf_mpi",
        ...size,
      ],
    ]);
  });
});

test("Open MPI calls hosts by their own names, and the mesh's ssh hears the nodes'", async () => {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "muster-nccl-ssh-"));
  cleanup.add(() => fs.rmSync(made, { recursive: true }));
  const offers = { "node-1": { host: "gpu-a" }, "node-2": { host: "gpu b" } };
  fs.writeFileSync(path.join(made, "real"), '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 });
  const script = await tools.evaluate(
    `import nccl_tests\nprint(json.dumps(nccl_tests.ssh_script(json.loads('${JSON.stringify(offers)}'), "${made}/real")))`,
  );
  fs.writeFileSync(path.join(made, "ssh"), script as string, { mode: 0o755 });
  const called = execFileSync(path.join(made, "ssh"), ["-x", "gpu b", "orted", "-mca ess"], { encoding: "utf8" });
  expect(called).toBe("<-x><node-2><orted><-mca ess>");
});

/** A node of this machine with stand-ins for torch and nccl-tests. */
describe("beside the gate, with simulated nccl-tests", () => {
  function folder(files: Readonly<Record<string, string>>): string {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), "muster-nccl-tests-"));
    cleanup.add(() => fs.rmSync(made, { recursive: true }));
    for (const [name, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(made, name)), { recursive: true });
      fs.writeFileSync(path.join(made, name), content, { mode: 0o755 });
    }
    return made;
  }

  /** A rank that has nothing to measure ends at once. */
  const torch = "import os\nos._exit(0)\n";
  const perf = (text: string) => `#!/bin/sh\n# MPI_Init: simulated\necho "$0 $*" >>"$CALLS"\n${text}\n`;
  const two = `cat ${path.join(cases, "h100-two-gpus.txt")}`;

  async function gate(files: Readonly<Record<string, string>>, argv: readonly string[]) {
    const made = folder({ "torch/__init__.py": torch, ...files });
    const done = await tools.run([path.join(toolsFolder, "fabric.py"), "--seconds", "60", ...argv], {
      ...{ PYTHONPATH: made, PYTHONDONTWRITEBYTECODE: "1", CALLS: path.join(made, "calls") },
      PATH: `${path.join(made, "bin")}:${process.env.PATH}`,
    });
    const calls = path.join(made, "calls");
    const lines = fs.existsSync(calls) ? fs.readFileSync(calls, "utf8") : "";
    const measured = 'muster-gate {"event":"measured","ranks":2,"rows":[]}\n';
    return {
      code: done.code,
      out: done.out,
      calls: lines,
      found: parseReports([measured + done.out]).measured?.ncclTests,
    };
  }
  const oneNode = ["--node", "node-1", "--nodes", "node-1", "--ranks-per-node", "2", "--sizes-mib", "512"];

  test("found in the PATH, it measures the GPUs of a single node", async () => {
    const { code, out, calls, found } = await gate({ "bin/all_reduce_perf": perf(two) }, oneNode);
    // Its rows are in the log, and not a line for each of perhaps thousands of ranks.
    expect([/^ +536870912 /m.test(out), /# +Rank/.test(out)]).toEqual([true, false]);
    expect([code, found?.over, found?.failed]).toEqual([0, "node", []]);
    expect(found?.results).toEqual([
      { node: "node-1", version: "2.19.6", ranks: 2, sizeMib: 512, busbwGBps: 312.36, wrong: 0 },
    ]);
    expect(calls).toMatch(/bin\/all_reduce_perf -b 512M -e 512M .*-g 2$/m);
  });

  test("off: it is not started; absent: nothing is wrong", async () => {
    const off = await gate({ "bin/all_reduce_perf": perf(two) }, [...oneNode, "--nccl-tests", "off"]);
    expect([off.code, off.calls, off.found]).toEqual([0, "", undefined]);
    const absent = await gate({}, [...oneNode, "--nccl-tests-path", "/nowhere/all_reduce_perf"]);
    expect(absent.found).toEqual({ over: null, why: "no all_reduce_perf on node-1", results: [], failed: [] });
  });

  test("one that fails is told, and the gate is not", async () => {
    const { code, found } = await gate(
      { "bin/all_reduce_perf": perf("echo 'Test CUDA failure common.cu:1'; exit 3") },
      oneNode,
    );
    expect(code).toBe(0);
    expect(found?.failed).toEqual([
      { node: "node-1", why: expect.stringMatching(/ended with 3: Test CUDA failure common/) },
    ]);
  });
});
