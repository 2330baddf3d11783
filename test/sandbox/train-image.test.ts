import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const IMAGE = path.resolve(__dirname, "../../sandbox/images/train");

/** Runs Python over the image's simulated tools (the parts that need no torch); `result` is the answer. */
function python(code: string, env: NodeJS.ProcessEnv = {}): unknown {
  const program = `import json, sys\nsys.path.insert(0, ${JSON.stringify(IMAGE)})\n${code}\nprint(json.dumps(result))`;
  const output = execFileSync("python3", ["-c", program], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env },
  });
  return JSON.parse(output.toString().trim().split("\n").slice(-1)[0] ?? "");
}

describe("the simulated megatron", () => {
  const launch = (env: string) =>
    python(`from simulated.megatron_command import launch\nresult = launch(["--lr", "1"], ${env}, "py", "rank.py")`);

  it("starts one plain process without the settings of a node", () => {
    expect(launch('{"MASTER_ADDR": "10.0.0.1"}')).toEqual(["py", "rank.py", "--lr", "1"]);
  });

  it("hands torchrun those settings that are there, in ms-swift's order", () => {
    expect(launch('{"NNODES": "2", "NODE_RANK": "1", "MASTER_ADDR": "a", "NPROC_PER_NODE": "8"}')).toEqual(
      "py -m torch.distributed.run --nproc_per_node 8 --nnodes 2 --node_rank 1 --master_addr a rank.py --lr 1".split(
        " ",
      ),
    );
  });

  it.each([
    ["3.7.1", "`megatron sft`"],
    ["4.6.0", "`megatron sft`, `megatron export`"],
  ])("goes by the version of ms-swift that is installed: %s", (version, has) => {
    const packages = fs.mkdtempSync(path.join(os.tmpdir(), "muster-packages-"));
    const metadata = path.join(packages, `ms_swift-${version}.dist-info`);
    fs.mkdirSync(metadata);
    fs.writeFileSync(path.join(metadata, "METADATA"), `Metadata-Version: 2.1\nName: ms-swift\nVersion: ${version}\n`);
    const program = "from simulated.megatron_command import main; main()";
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: `${IMAGE}:${packages}` };
    const done = spawnSync("python3", ["-c", program, "rlhf"], { env, encoding: "utf8" });
    fs.rmSync(packages, { recursive: true });
    expect(done.stdout).toMatch(`(simulated: the arguments of ms-swift ${version},`);
    expect([done.status, done.stderr]).toEqual([1, `megatron (simulated): simulated are ${has}, not: rlhf\n`]);
  });

  const world = (settings: string, size: number) =>
    python(`from types import SimpleNamespace
from simulated.schedule import check_world
args = dict(tensor_model_parallel_size=1, pipeline_model_parallel_size=1, context_parallel_size=1, micro_batch_size=2,
  global_batch_size=16, num_attention_heads=4, num_query_groups=2, num_layers=2,
  decoder_first_pipeline_num_layers=None, decoder_last_pipeline_num_layers=None) | dict(${settings})
try: result = check_world(SimpleNamespace(**args), ${size})
except (AssertionError, ValueError) as error: result = type(error).__name__ + ": " + str(error)`);

  it("refuses a world that does not fit in Megatron's words", () => {
    expect(world("", 4)).toBe(4);
    expect(world("tensor_model_parallel_size=2", 4)).toBe(2);
    expect(world("tensor_model_parallel_size=2", 3)).toBe(
      "AssertionError: world size (3) is not divisible by total_model_size (total_model_size=2)",
    );
    expect(world("global_batch_size=10", 4)).toBe(
      "AssertionError: global batch size (10) is not divisible by micro batch size (2) times data parallel size (4)",
    );
    expect(world("tensor_model_parallel_size=4", 4)).toMatch(/^ValueError: num_query_groups \(2\) must be a multiple/);
  });
});

describe("the simulated swift", () => {
  const converts = (...argv: string[]) =>
    python(`from simulated.swift_command import converts\nresult = converts(${JSON.stringify(argv)})`);

  it("takes over the two conversions and nothing else", () => {
    expect(converts("export", "--to_mcore", "true")).toBe(true);
    expect(converts("export", "--to-hf=true")).toBe(true);
    expect(converts("export", "--to_hf")).toBe(true);
    expect(converts("export", "--to_mcore", "false", "--merge_lora", "true")).toBe(false);
    expect(converts("export", "--adapters", "a")).toBe(false);
    expect(converts("sft", "--to_mcore", "true")).toBe(false);
  });
});

describe("the simulated vllm", () => {
  function parse(...argv: string[]) {
    const run = spawnSync(
      "python3",
      [
        "-c",
        `import json, sys\nsys.path.insert(0, ${JSON.stringify(IMAGE)})\nfrom simulated.vllm_arguments import parse\nprint(json.dumps(vars(parse(sys.argv[1:]))))`,
        ...argv,
      ],
      { env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" }, encoding: "utf8" },
    );
    return { status: run.status, error: run.stderr, args: run.status === 0 ? JSON.parse(run.stdout) : undefined };
  }

  it("takes the notes' command line, with dashes or underscores", () => {
    const line =
      "/m --served-model-name A B --tensor-parallel-size 4 --max-model-len 32k --enforce-eager --gpu_memory_utilization=0.9 " +
      "--enable-chunked-prefill --enable-auto-tool-choice --tool-call-parser glm4_moe --reasoning-parser glm4_moe --port 6060";
    expect(parse(...line.split(" ")).args).toMatchObject({
      model_tag: "/m",
      served_model_name: ["A", "B"],
      tensor_parallel_size: 4,
      max_model_len: 32000,
      gpu_memory_utilization: 0.9,
      enable_chunked_prefill: true,
      port: 6060,
    });
  });

  it("refuses what vLLM 0.10.0 does not know", () => {
    expect(parse("/m", "--nnodes", "2")).toMatchObject({
      status: 2,
      error: expect.stringMatching(/unrecognized arguments: --nnodes/),
    });
    expect(parse("/m", "--tool-call-parser", "glm45")).toMatchObject({
      status: 2,
      error: expect.stringMatching(/invalid choice: 'glm45'/),
    });
    expect(parse("/m", "--enable-auto-tool-choice").error).toMatch(/requires --tool-call-parser/);
  });

  it("reads tool calls in the Hermes form", () => {
    const hermes = (text: string) =>
      python(`from simulated.vllm_tools import hermes\nresult = hermes(${JSON.stringify(text)})`);
    const call = '<tool_call>\n{"name": "aqi", "arguments": {"city": "成都"}}\n</tool_call>';
    expect(hermes(`Well. ${call}${call}`)).toEqual(["Well. ", Array(2).fill(["aqi", '{"city": "成都"}'])]);
    expect(hermes(call.replace("\n</tool_call>", ""))).toEqual([null, [["aqi", '{"city": "成都"}']]]);
    expect(hermes("<tool_call>no json</tool_call>")).toEqual(["<tool_call>no json</tool_call>", []]);
    expect(hermes("plain")).toEqual(["plain", []]);
  });
});

describe("a simulated GPU", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-gpu-"));
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  it("is refused to a second process in CUDA's words, and is free after the first", () => {
    const answer = python(
      `import os, pathlib, subprocess
from simulated import gpu
gpu.FOLDER, gpu.COUNT = pathlib.Path(${JSON.stringify(folder)}), pathlib.Path("/nowhere")
gpu.claim(1, "vllm serve")
other = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); from simulated import gpu; gpu.FOLDER, gpu.COUNT = pathlib.Path(sys.argv[2]), pathlib.Path('/nowhere')\\ntry: gpu.claim(0, 'x'); print('free')\\nexcept (gpu.OutOfMemory, gpu.InvalidDevice) as e: print(e)"
def ask(devices): return subprocess.run([sys.executable, "-c", other, sys.path[0], str(gpu.FOLDER)], env=os.environ | {"CUDA_VISIBLE_DEVICES": devices}, capture_output=True, text=True).stdout
held, free, none = ask("3"), ask("0"), ask("")
gpu._held.clear()
result = [held, free, none, ask("3"), os.getpid()]`,
      { CUDA_VISIBLE_DEVICES: "0,3" },
    ) as [string, string, string, string, number];
    const [held, free, none, after, pid] = answer;
    expect(held).toMatch(/^CUDA out of memory\. .*GPU 0 has a total capacity .*\(simulated device 3\)/);
    expect(held).toContain(`Process ${pid} has`);
    expect([free, after]).toEqual(["free\n", "free\n"]);
    expect(none).toBe("No CUDA GPUs are available\n");
  });
});

it("the rows of the seed are in the notes' form and always the same", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-rows-"));
  const make = (name: string) => {
    execFileSync("python3", [path.join(IMAGE, "make-dataset.py"), path.join(folder, name), "7"]);
    return fs.readFileSync(path.join(folder, name), "utf8");
  };
  const text = make("a");
  expect(make("b")).toBe(text);
  const rows = text.trim().split("\n");
  expect(rows).toHaveLength(7);
  for (const line of rows) {
    const row = JSON.parse(line);
    expect(JSON.parse(row.tools)[0].function.name).toBe("realtime_aqi");
    const roles = row.messages.map((message: { role: string }) => message.role);
    expect(roles.join(" ")).toMatch(
      /^user (tool_call tool_response|tool_call tool_call tool_response tool_response) assistant$/,
    );
    for (const message of row.messages) if (message.role.startsWith("tool_")) JSON.parse(message.content);
  }
  fs.rmSync(folder, { recursive: true });
});
