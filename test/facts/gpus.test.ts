import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { factOf } from "../../facts/fact";
import { gpus } from "../../facts/gpus";

const read = (file: string) => readFileSync(path.join(__dirname, "cases/gpus", file), "utf8");
const parsed = (file: string) => gpus.parse(read(file));

describe("what nvidia-smi says", () => {
  test("of one H200", () => {
    expect(parsed("h200.txt")).toEqual([
      {
        index: 0,
        name: "NVIDIA H200",
        uuid: "GPU-00000000-0000-0000-0000-000000000000",
        memoryMib: 143771,
        driverVersion: "580.159.04",
        cudaVersion: "13.0",
        pciAddress: "00000000:00:06.0",
        computeCapability: "9.0",
        hasMig: false,
        hasEcc: true,
        links: {},
        numaNode: 0,
      },
    ]);
  });

  test("of eight H100, each with the NIC that is nearest to it", () => {
    const found = parsed("h100-8-nics.txt");
    expect(found).toHaveLength(8);
    expect(found[0]).toMatchObject({ cudaVersion: "12.4", numaNode: 0, links: { GPU7: "NV18", mlx5_0: "SYS" } });
    const nearest = found.map(({ links = {} }) => Object.keys(links).find(name => links[name] === "PIX"));
    expect(nearest).toEqual(["mlx5_8", "mlx5_7", "mlx5_6", "mlx5_5", "mlx5_4", "mlx5_3", "mlx5_2", "mlx5_1"]);
    expect(found.map(gpu => gpu.numaNode)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test("of four A100 by a driver that names the NICs in the columns and knows no compute capability", () => {
    const found = parsed("a100-4-old-columns.txt");
    expect(found[1]).toMatchObject({
      numaNode: 0,
      hasMig: false,
      links: { GPU0: "NV4", GPU2: "NV4", GPU3: "NV4", mlx5_0: "PIX", mlx5_1: "SYS" },
    });
    expect(found[0]).not.toHaveProperty("computeCapability");
    expect(found.map(gpu => gpu.numaNode)).toEqual([1, 0, 3, 2]);
  });

  test("of an A100 that is cut into instances", () => {
    expect(parsed("a100-mig.txt")[0]).toMatchObject({ hasMig: true, hasEcc: true, cudaVersion: "12.2" });
  });

  test("of GeForce, which has neither ECC nor MIG nor NVLink", () => {
    const [first] = parsed("geforce.txt");
    expect(first).toMatchObject({ name: "NVIDIA GeForce RTX 5090", links: { GPU1: "PHB" } });
    expect(first).not.toHaveProperty("hasEcc");
    expect(first).not.toHaveProperty("hasMig");
  });

  test("where it knows the first fields only", () => {
    expect(parsed("basic-fields-only.txt")).toEqual([
      {
        index: 0,
        name: "SIMULATED-H100",
        uuid: "GPU-51310000-0000-4000-8000-000000000000",
        memoryMib: 81559,
        driverVersion: "000.00-SIMULATED",
      },
    ]);
  });
});

describe("the snippet, with a simulated nvidia-smi", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "muster-simulated-smi-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function ask(script: string) {
    writeFileSync(path.join(folder, "nvidia-smi"), `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, {
      mode: 0o755,
    });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const { status, stdout } = spawnSync("sh", ["-c", `(\n${gpus.snippet}\n) 2>&1`], { encoding: "utf8", env });
    const calls = readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");
    return { fact: factOf(gpus, { exitCode: status ?? -1, output: stdout }), calls };
  }

  test("asks for less where a field is not known", () => {
    const { fact, calls } = ask(`case $* in
*ecc.mode.current*) echo 'Field "ecc.mode.current" is not a valid field to query.'; exit 2 ;;
*--query-gpu*) echo '0, T4, GPU-a, 15360, 440.33' ;;
*topo*) exit 6 ;;
*) echo '| NVIDIA-SMI 440.33  Driver Version: 440.33  CUDA Version: 10.2 |' ;;
esac`);
    expect(fact).toMatchObject({ status: "present", value: [{ name: "T4", cudaVersion: "10.2" }] });
    expect(calls).toHaveLength(4);
  });

  test("of a host without nvidia-smi: absent without a driver, and unknown with one", () => {
    const without = (driver: string) => {
      const script = gpus.snippet.replaceAll("/dev/nvidiactl", driver);
      const { status, stdout } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", env: { PATH: folder } });
      return factOf(gpus, { exitCode: status ?? -1, output: stdout });
    };
    expect(without(path.join(folder, "none"))).toEqual({ status: "absent" });
    expect(without(folder)).toEqual({
      status: "unknown",
      reason: "there are NVIDIA devices, but nvidia-smi is not installed",
    });
  });

  test("asks a GPU that is lost once, and says its words", () => {
    const { fact, calls } = ask(`cat ${path.join(__dirname, "cases/gpus/lost.txt")}; exit 15`);
    expect(fact).toEqual({
      status: "unknown",
      reason: expect.stringContaining("Unable to determine the device handle"),
    });
    expect(calls).toHaveLength(1);
  });
});
