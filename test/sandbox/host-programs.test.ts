import { spawnSync } from "node:child_process";
import * as path from "node:path";

/** Runs Python with a program of the sandbox loaded as the module `program`; returns what it printed. */
function withProgram(file: string, code: string): string {
  const load = [
    "import importlib.machinery, importlib.util, json, sys",
    "sys.dont_write_bytecode = True",
    `loader = importlib.machinery.SourceFileLoader("program", ${JSON.stringify(path.resolve(file))})`,
    "program = importlib.util.module_from_spec(importlib.util.spec_from_loader('program', loader))",
    "loader.exec_module(program)",
  ];
  const run = spawnSync("/usr/bin/python3", ["-I", "-c", [...load, code].join("\n")], { encoding: "utf8" });
  if (run.error) throw run.error;
  return run.stdout + run.stderr;
}

describe("runc-clamp", () => {
  const clamp = (grantable: string, process: object) =>
    JSON.parse(
      withProgram(
        "sandbox/daemon/runc-clamp",
        `program.grantable_capabilities = lambda: ${grantable}
program.hard_limits = lambda: {"RLIMIT_NOFILE": 20000}
process = json.loads(${JSON.stringify(JSON.stringify(process))})
program.clamp(process)
print(json.dumps(process))`,
      ),
    ) as object;
  const request = {
    capabilities: { bounding: ["CAP_CHOWN", "CAP_SYS_RESOURCE"] },
    rlimits: [
      { type: "RLIMIT_NOFILE", hard: 1048576, soft: 1048576 },
      { type: "RLIMIT_STACK", hard: 67108864, soft: 67108864 },
    ],
    oomScoreAdj: -500,
  };

  it("asks for no more than the machine may grant", () => {
    expect(clamp('{"CAP_CHOWN"}', request)).toEqual({
      capabilities: { bounding: ["CAP_CHOWN"] },
      rlimits: [
        { type: "RLIMIT_NOFILE", hard: 20000, soft: 20000 },
        { type: "RLIMIT_STACK", hard: 67108864, soft: 67108864 },
      ],
      oomScoreAdj: 0,
    });
  });

  it("changes nothing where all is granted", () => {
    expect(clamp('{"CAP_CHOWN", "CAP_SYS_RESOURCE"}', request)).toEqual(request);
  });

  it("names every capability of our own bounding set", () => {
    const counted = withProgram(
      "sandbox/daemon/runc-clamp",
      `mask = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("CapBnd:"))
print(len(program.grantable_capabilities()), bin(int(mask, 16)).count("1"))`,
    );
    const [named, set] = counted.trim().split(" ");
    expect(named).toBe(set);
  });
});

describe("simulated NVIDIA hook", () => {
  const chosen = (wanted: string) =>
    withProgram(
      "sandbox/images/host/nvidia-container-runtime-hook",
      `print(program.chosen(${JSON.stringify(wanted)}, ["GPU-a", "GPU-b"]))`,
    ).trim();

  it.each([
    ["all", "[0, 1]"],
    ["1", "[1]"],
    ["GPU-b,0", "[1, 0]"],
  ])("chooses %s", (wanted, indices) => {
    expect(chosen(wanted)).toBe(indices);
  });

  it.each(["2", "GPU-c"])("refuses %s, which the host has not", wanted => {
    expect(chosen(wanted)).toMatch(/SIMULATED GPU: unknown device/);
  });
});

describe("simulated nvidia-smi", () => {
  const smi = (...argv: string[]) =>
    withProgram(
      "sandbox/images/host/nvidia-smi",
      `program.gpus = lambda: iter([
  {"index": 0, "uuid": "GPU-a", "pid": None, "used": 0},
  {"index": 1, "uuid": "GPU-b", "pid": 1, "used": 1234}])
sys.argv = ["nvidia-smi"] + json.loads(${JSON.stringify(JSON.stringify(argv))})
program.main()`,
    );

  it("lists GPUs that say they are simulated", () => {
    expect(smi("-L")).toBe("GPU 0: SIMULATED-H100 (UUID: GPU-a)\nGPU 1: SIMULATED-H100 (UUID: GPU-b)\n");
  });

  it("answers a query with and without units", () => {
    const query = "--query-gpu=index,name,uuid,memory.total,memory.used,driver_version";
    expect(smi(query, "--format=csv,noheader,nounits").split("\n")[1]).toBe(
      "1, SIMULATED-H100, GPU-b, 81559, 1234, 000.00-SIMULATED",
    );
    expect(smi(query, "--format=csv,noheader").split("\n")[1]).toBe(
      "1, SIMULATED-H100, GPU-b, 81559 MiB, 1234 MiB, 000.00-SIMULATED",
    );
  });

  it("names the holder of a GPU", () => {
    expect(smi("--query-compute-apps=gpu_uuid,pid,used_memory", "--format=csv,noheader,nounits")).toBe(
      "GPU-b, 1, 1234\n",
    );
  });

  it("keeps to the GPU that was asked for", () => {
    expect(smi("-i", "0", "--query-gpu=index", "--format=csv,noheader")).toBe("0\n");
  });

  it("refuses a field that it does not know", () => {
    expect(smi("--query-gpu=index,nonsense", "--format=csv")).toMatch(/"nonsense" is not a valid field/);
  });
});
