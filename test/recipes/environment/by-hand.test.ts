import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { loadCluster } from "../../../config/load";
import type { Cluster } from "../../../config/schema";
import { hostSteps } from "../../../recipes/environment/host-steps";
import { removeEnvironment } from "../../../recipes/environment/new-environment";
import { renderStep } from "../../../recipes/environment/setup-step";
import { Cleanup } from "../../support/cleanup";
import { expectGolden } from "../../support/golden";
import { makeWheels, runSteps, shellcheck, unmet } from "../../support/setup-steps";

const tools = path.join(__dirname, "..", "..", "..", "recipes", "tools");
const cleanup = new Cleanup();
afterEach(cleanup.run);

function environmentOf(python: string, pipeline = ""): Cluster {
  const text = `cluster: c\nruntime: host\nhosts: [{name: node-1, address: 10.0.0.1}]\nslots: 8\npython: ${python}\n${pipeline}`;
  return loadCluster("c.yaml", { readFile: () => text });
}

const goldenCases: readonly (readonly [string, string])[] = [
  [
    "notes-conda",
    `{packages: [swanlab, liger_kernel, nvitop, pre-commit, math_verify, py-spy], environment: {kind: conda, path: /opt/envs/swift, swift: 3.7.1, components: [flash-attn, deepspeed, megatron], versions: {python: "3.10", torch: "2.6.0", flash-attn: 2.8.1}}}`,
  ],
  [
    "venv-vllm",
    `{indexUrl: "https://mirror.example/simple", environment: {kind: venv, path: /opt/envs/serve, swift: 3.12.6, components: [vllm], cudaHome: /usr/local/cuda-12.8}}`,
  ],
  [
    "swift-4-sglang",
    `{environment: {kind: venv, path: /srv/my envs/swift, swift: 4.5.2, components: [deepspeed, megatron]}}`,
  ],
  [
    "offline",
    `{wheels: /srv/wheels, environment: {kind: venv, path: /opt/envs/swift, swift: 3.7.1, components: [flash-attn, megatron], bundles: /srv/bundles, versions: {flash-attn: 2.8.1}}}`,
  ],
  [
    "flash-built",
    `{environment: {kind: conda, path: /opt/envs/swift, conda: /opt/miniforge/bin/conda, swift: 4.5.2, components: [flash-attn], flashAttention: build, versions: {torch: "2.11.0"}}}`,
  ],
];

describe("an environment by hand", () => {
  test.each(goldenCases)("%s is steps that shellcheck takes", (name, python) => {
    const steps = hostSteps(environmentOf(python), "/var/lib/muster/c/tools");
    expectGolden(`environment/${name}.sh`, steps.map(renderStep).join("\n"));
    expect(shellcheck(steps)).toEqual([]);
    expect(new Set(steps.map(step => step.name)).size).toBe(steps.length);
  });
});

/** Everything that ms-swift 3.7.1 alone needs here, as small wheels of our own. */
const own = [
  "torch==2.6.0",
  "ms-swift==3.7.1,torch,transformers,peft,trl",
  "transformers==4.54.1",
  "peft==0.16.0",
  "trl==0.20.0",
  "numpy==1.26.4",
];

/** An environment from a wheel folder, on this machine and without a network. */
function offline(more = "", wheels = own) {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-by-hand-"));
  cleanup.add(() => fs.rmSync(base, { recursive: true, force: true }));
  const found = execFileSync("python3", ["-c", 'import sys; print("%d.%d" % sys.version_info[:2])'], {
    encoding: "utf8",
  });
  const folder = path.join(base, "wheels");
  makeWheels(folder, ...wheels);
  const at = path.join(base, "env");
  const cluster = environmentOf(
    `{wheels: ${folder}, ${more}environment: {kind: venv, path: ${at}, swift: 3.7.1, versions: {python: "${found.trim()}", torch: "2.6.0"}}}`,
  );
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PIP_"))),
    HOME: base,
  };
  return { base, at, folder, steps: hostSteps(cluster, tools), env };
}

test("is made of a wheel folder, left alone the second time, and put back where somebody changed it", () => {
  const { at, steps, env, folder } = offline();
  const first = runSteps(steps, env);
  expect(first.filter(run => run.outcome !== "made" && run.outcome !== "done")).toEqual([]);
  expect(unmet(steps, env)).toEqual([]);
  const version = (): string =>
    execFileSync(`${at}/bin/python`, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" }).trim();
  expect(version()).toBe("2.6.0");

  makeWheels(folder, "torch==2.8.0");
  execFileSync(`${at}/bin/python`, ["-m", "pip", "-q", "install", "torch==2.8.0"], { env });
  expect(unmet(steps, env)).toEqual([
    "torch: torch 2.8.0 is installed, torch==2.6.0 is wanted",
    "verify: torch 2.8.0 is installed, torch==2.6.0 is wanted; torch 2.8.0 is installed, the constraint is torch==2.6.0",
  ]);
  runSteps(steps, env);
  expect(version()).toBe("2.6.0");
  expect(unmet(steps, env)).toEqual([]);
});

test("says at once what a wheel folder lacks, and for which requirement, before anything is installed", () => {
  const { at, steps, env } = offline("packages: [swanlab], ", [
    "torch==2.6.0",
    "ms-swift==3.7.1,transformers",
    "peft==0.16.0",
    "trl==0.20.0",
    "swanlab==0.6.0,pyyaml",
  ]);
  const last = runSteps(steps, env).at(-1);
  expect(last?.name).toBe("wheels");
  expect(last?.outcome).toMatch(/error: ms-swift==3\.7\.1: .*requirement transformers/);
  expect(last?.outcome).toMatch(/error: transformers==4\.54\.1: .*requirement transformers==4\.54\.1/);
  expect(last?.outcome).toMatch(/error: swanlab: .*requirement pyyaml/);
  expect(last?.outcome).not.toMatch(/error: torch/);
  expect(last?.outcome).toContain("remedy: on a machine with internet");
  const [python = ""] = fs.readdirSync(`${at}/lib`);
  expect(fs.readdirSync(`${at}/lib/${python}/site-packages`)).not.toContain("torch.py");
});

test("a folder of somebody else's is left alone", () => {
  const { at, steps, env } = offline();
  fs.mkdirSync(at);
  fs.writeFileSync(`${at}/thesis.txt`, "mine");
  expect(runSteps(steps, env)).toEqual([
    { name: "environment", outcome: expect.stringContaining("is there and is not muster's") },
  ]);
  execFileSync("sh", ["-c", removeEnvironment(at)]);
  expect(fs.readFileSync(`${at}/thesis.txt`, "utf8")).toBe("mine");
});

test("destroy removes what was made", () => {
  const { at, steps, env } = offline();
  expect(runSteps(steps.slice(0, 1), env)).toEqual([{ name: "environment", outcome: "made" }]);
  execFileSync("sh", ["-c", removeEnvironment(at)]);
  expect(fs.existsSync(at)).toBe(false);
});

test("a Python that the host does not have is named, with the package that brings it", () => {
  const { env } = offline();
  const steps = hostSteps(
    environmentOf('{environment: {kind: venv, path: /nowhere/env, swift: 3.7.1, versions: {python: "3.9"}}}'),
    tools,
  );
  const last = runSteps(steps, { ...env, PATH: "/usr/bin:/bin" }).at(-1);
  expect(last?.outcome).toContain("error: the host has no Python 3.9");
  expect(last?.outcome).toContain("apt-get install -y python3.9 python3.9-venv");
});
