import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cudaEnvironment, cudaToolkitStep } from "../../../recipes/environment/cuda-toolkit";
import { Cleanup } from "../../support/cleanup";
import { runSteps, shellcheck, unmet } from "../../support/setup-steps";

const cleanup = new Cleanup();
afterEach(cleanup.run);

const targets: Readonly<Record<string, string>> = { x64: "x86_64-linux", arm64: "sbsa-linux" };
const target = targets[os.arch()] ?? "x86_64-linux";

/** A *simulated* toolkit: nvcc says its version, headers and libraries are empty files in the places of the real one. */
function toolkit(version: string, layout: "conda" | "installer") {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-cuda-"));
  cleanup.add(() => fs.rmSync(base, { recursive: true, force: true }));
  const home = path.join(base, "it's cuda");
  const put = (file: string, text = "", mode = 0o644): void => {
    fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    fs.writeFileSync(path.join(home, file), text, { mode });
  };
  const said = `Cuda compilation tools, release ${version}, V${version}.131`;
  put("bin/nvcc", `#!/bin/sh\necho "nvcc: NVIDIA (R) Cuda compiler driver"\necho "${said}"\n`, 0o755);
  put(`targets/${target}/include/cuda_runtime.h`);
  put(`targets/${target}/include/cublas.h`);
  put(`targets/${target}/include/cub/cub.cuh`);
  put(`targets/${target}/lib/libcudart.so`);
  if (layout === "conda") put("include/python3.10/Python.h");
  else {
    fs.symlinkSync(`targets/${target}/include`, path.join(home, "include"));
    fs.symlinkSync(`targets/${target}/lib`, path.join(home, "lib64"));
  }
  return { base, home };
}

/** Every path below a folder with its time: what a run has changed. */
function snapshot(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map(name => `${name} ${fs.lstatSync(path.join(folder, name)).mtimeMs}`)
    .sort();
}

const env = { ...process.env, PATH: "/usr/bin:/bin" };

describe("the toolkit step", () => {
  test("is plain sh", () => {
    const plain = cudaToolkitStep({ home: "/usr/local/cuda", version: "12.4" });
    const installed = cudaToolkitStep({ home: "/opt/my env", version: "12.4", install: "true\n" });
    expect(shellcheck([plain, installed])).toEqual([]);
  });

  test("links headers and libraries of a conda toolkit where builds look, once, and replaces nothing", () => {
    const { home } = toolkit("12.4", "conda");
    const step = cudaToolkitStep({ home, version: "12.4" });
    expect(unmet([step], env)).toEqual([`cuda-toolkit: ${home}/include has no cuda_runtime.h`]);
    expect(runSteps([step], env)).toEqual([{ name: "cuda-toolkit", outcome: "made" }]);
    for (const file of [
      "include/cuda_runtime.h",
      "include/cub/cub.cuh",
      "include/python3.10/Python.h",
      "lib64/libcudart.so",
    ]) {
      expect(fs.existsSync(path.join(home, file))).toBe(true);
    }
    // The notes' ln -snf leaves a link in the folder instead.
    expect(fs.existsSync(path.join(home, "include", "include"))).toBe(false);
    const before = snapshot(home);
    expect(runSteps([step], env)).toEqual([{ name: "cuda-toolkit", outcome: "done" }]);
    spawnSync("sh", ["-c", step.apply], { env });
    expect(snapshot(home)).toEqual(before);
    expect(cudaEnvironment(home)).toMatchObject({
      CUDA_HOME: home,
      CPATH: `${home}/include`,
      LIBRARY_PATH: `${home}/lib64`,
    });
  });

  test("finds one of NVIDIA's installer as it is", () => {
    const { home } = toolkit("12.4", "installer");
    const before = snapshot(home);
    expect(runSteps([cudaToolkitStep({ home, version: "12.4" })], env)[0]?.outcome).toBe("done");
    expect(snapshot(home)).toEqual(before);
  });

  test("refuses one of another version than torch's", () => {
    const { home } = toolkit("12.6", "installer");
    const outcome = runSteps([cudaToolkitStep({ home, version: "12.4" })], env)[0]?.outcome;
    expect(outcome).toContain(`the toolkit in ${home} is CUDA 12.6, torch is built for 12.4`);
    expect(outcome).toContain("remedy: name one of CUDA 12.4 in python.environment.cudaHome");
  });

  test("names a toolkit that is elsewhere", () => {
    const { base, home } = toolkit("12.4", "installer");
    fs.mkdirSync(path.join(base, "bin"));
    fs.symlinkSync(path.join(home, "bin", "nvcc"), path.join(base, "bin", "nvcc"));
    const step = cudaToolkitStep({ home: path.join(base, "none"), version: "12.4" });
    const outcome = runSteps([step], { ...env, PATH: `${base}/bin:/usr/bin:/bin` })[0]?.outcome;
    expect(outcome).toContain(`remedy: python.environment.cudaHome: ${home} (CUDA 12.4`);
  });

  test("installs what is missing, and only then", () => {
    const { base, home } = toolkit("12.4", "installer");
    const later = path.join(base, "later");
    const install = `mv ${path.join(base, "it*s*cuda")} ${later}\n`;
    const step = cudaToolkitStep({ home: later, version: "12.4", install });
    expect(runSteps([step], env)[0]?.outcome).toBe("made");
    expect(fs.existsSync(home)).toBe(false);
    expect(runSteps([step], env)[0]?.outcome).toBe("done");
  });
});
