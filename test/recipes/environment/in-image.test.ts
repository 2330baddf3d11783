import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { loadCluster } from "../../../config/load";
import type { Cluster } from "../../../config/schema";
import { inImageSteps } from "../../../recipes/environment/in-image";
import { renderPipConfig } from "../../../recipes/environment/pip-config";
import { renderStep } from "../../../recipes/environment/setup-step";
import { Cleanup } from "../../support/cleanup";
import { expectGolden } from "../../support/golden";
import { makeWheels, runSteps, shellcheck, unmet } from "../../support/setup-steps";

const root = path.join(__dirname, "..", "..", "..");
const notes = loadCluster(path.join(root, "stacks", "glm-4.5-air.example.yaml"));
const cleanup = new Cleanup();
const afterAllTests = new Cleanup();
/** A Python that stands for the image's: a venv with small packages of the image's names, and wheels of others. */
const template = fs.mkdtempSync(path.join(os.tmpdir(), "muster-image-"));
const wheels = path.join(template, "wheels");

beforeAll(() => {
  afterAllTests.add(() => fs.rmSync(template, { recursive: true, force: true }));
  const python = path.join(template, "venv", "bin", "python3");
  const own = ["torch==2.7.1", "vllm==0.10.0,torch", "ms-swift==3.7.1", "pyyaml==6.0.1"];
  makeWheels(wheels, ...own, "torch==2.9.0", "pyyaml==6.0.2", "ms-swift==4.6.0");
  makeWheels(wheels, "swanlab==0.6.0,pyyaml", "swanlab==0.7.0,pyyaml,torch>=2.9", "ipykernel==7.0.0,pyyaml");
  execFileSync("python3", ["-m", "venv", path.join(template, "venv")]);
  const packages = own.map(each => each.replace(/,.*/, ""));
  execFileSync(python, ["-m", "pip", "-q", "install", "--no-index", "--find-links", wheels, ...packages], {
    env: withoutPip(),
  });
});
afterEach(cleanup.run);
afterAll(afterAllTests.run);

/** pip's variables win over its file, and this machine may have some. */
function withoutPip(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PIP_")));
}

function imagePython() {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-container-"));
  cleanup.add(() => fs.rmSync(base, { recursive: true, force: true }));
  execFileSync("cp", ["-a", path.join(template, "venv"), base]);
  const offline = { ...notes.python, indexUrl: undefined, extraIndexUrl: undefined, wheels };
  fs.writeFileSync(path.join(base, "pip.conf"), renderPipConfig(offline) ?? "");
  const bin = path.join(base, "venv", "bin");
  const env = {
    ...withoutPip(),
    PATH: `${bin}:${process.env.PATH}`,
    PIP_CONFIG_FILE: path.join(base, "pip.conf"),
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    HOME: base,
  };
  const pip = (...args: string[]): void => {
    execFileSync(path.join(bin, "python3"), ["-m", "pip", "-q", ...args], { env });
  };
  const place = (text: string): string =>
    text
      .replaceAll("/var/lib/muster/python", path.join(base, "state"))
      .replaceAll("/opt/muster/", `${path.join(root, "recipes", "tools")}/`);
  /** As the folder of packages has them. */
  const versions = (): string[] => {
    const lib = path.join(base, "venv", "lib");
    const [python = ""] = fs.readdirSync(lib);
    const found = fs.readdirSync(path.join(lib, python, "site-packages")).flatMap(name => {
      const [, dist = "", version = ""] = /^(.+)-([^-]+)\.dist-info$/.exec(name) ?? [];
      return dist === "" || ["pip", "setuptools"].includes(dist) ? [] : [`${dist.replace("_", "-")}==${version}`];
    });
    return found.sort();
  };
  return { base, env, pip, place, versions };
}

function withPython(python: Partial<Cluster["python"]>): Cluster {
  const { megatronLm: _megatronLm, ...pipeline } = notes.pipeline ?? { model: { path: "/m" } };
  return {
    ...notes,
    pipeline,
    python: { ...notes.python, swift: undefined, upgradePip: false, packages: [], ...python },
  };
}

test("the notes' own lines are steps of POSIX sh that shellcheck takes", () => {
  const steps = inImageSteps(notes);
  expectGolden("glm-4.5-air/pip.conf", renderPipConfig(notes.python) ?? "");
  expectGolden("glm-4.5-air/python.sh", steps.map(renderStep).join("\n"));
  const pinned = withPython({ swift: {}, packages: ["it's==1"] });
  expect(shellcheck([...steps, ...inImageSteps(pinned)])).toEqual([]);
});

test("nothing is installed where the file asks for nothing", () => {
  expect(inImageSteps(withPython({}))).toEqual([]);
  expect(renderPipConfig({ ...notes.python, indexUrl: undefined, extraIndexUrl: undefined })).toBeUndefined();
});

test("an extra package brings no other torch, a second run does nothing, and what somebody changes is put back", () => {
  const image = imagePython();
  const steps = inImageSteps(withPython({ packages: ["swanlab", "ipykernel"] }));
  const names = steps.map(step => step.name);
  expect(runSteps(steps, image.env, image.place).map(run => run.outcome)).toEqual(["made", "made", "done"]);
  const installed = [
    "ipykernel==7.0.0",
    "ms-swift==3.7.1",
    "pyyaml==6.0.1",
    "swanlab==0.6.0",
    "torch==2.7.1",
    "vllm==0.10.0",
  ];
  expect(image.versions()).toEqual(installed);
  expect(unmet(steps, image.env, image.place)).toEqual([]);

  image.pip("install", "torch==2.9.0");
  expect(unmet(steps, image.env, image.place)).toEqual([
    "unchanged-image: torch 2.9.0 is installed, the constraint is torch==2.7.1",
  ]);
  expect(runSteps(steps, image.env, image.place).map(run => run.outcome)).toEqual(["done", "done", "made"]);
  expect(image.versions()).toEqual(installed);
  expect(names).toEqual(["image-versions", "packages", "unchanged-image"]);
});

test("a package that cannot be had without another torch is refused, and the image stays as it was", () => {
  const image = imagePython();
  const steps = inImageSteps(withPython({ packages: ["swanlab>=0.7"] }));
  const last = runSteps(steps, image.env, image.place).at(-1);
  expect(last).toEqual({ name: "packages", outcome: expect.stringContaining("torch>=2.9") });
  expect(image.versions()).toContain("torch==2.7.1");
});

test("a package that the image has is brought to the version that the file names", () => {
  const image = imagePython();
  const steps = inImageSteps(withPython({ packages: ["PyYAML==6.0.2"] }));
  expect(runSteps(steps, image.env, image.place).map(run => run.outcome)).toEqual(["made", "made", "done"]);
  expect(image.versions()).toContain("pyyaml==6.0.2");
  expect(unmet(steps, image.env, image.place)).toEqual([]);
});

/** A checkout of ms-swift, as far as pip and the version go. */
function checkout(base: string, version: string): string {
  const source = path.join(base, "ms-swift");
  fs.mkdirSync(path.join(source, "swift"), { recursive: true });
  fs.writeFileSync(path.join(source, "swift", "version.py"), `# Copyright\n__version__ = '${version}'\n`);
  fs.writeFileSync(path.join(source, "swift", "__init__.py"), "");
  // A build backend of its own: the venv has no `wheel`, which setuptools' needs.
  fs.writeFileSync(
    path.join(source, "pyproject.toml"),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  );
  fs.writeFileSync(
    path.join(source, "backend.py"),
    `import os, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    info, name = "ms_swift-${version}.dist-info", "ms_swift-${version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("ms_swift.pth", os.getcwd() + "\\n")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: ms-swift\\nVersion: ${version}\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
`,
  );
  return source;
}

test("ms-swift comes from a checkout of the image's version, once", () => {
  const image = imagePython();
  const steps = inImageSteps(withPython({ swift: { source: checkout(image.base, "3.7.1") } }));
  expect(runSteps(steps, image.env, image.place).map(run => run.outcome)).toEqual(["made", "made", "done"]);
  expect(unmet(steps, image.env, image.place)).toEqual([]);
  expect(fs.readFileSync(path.join(image.base, ".gitconfig"), "utf8").match(/ms-swift/g)).toHaveLength(1);
});

test.each(["4.6.0", undefined])("a checkout of ms-swift %s is refused before pip runs", version => {
  const image = imagePython();
  const source = checkout(image.base, version ?? "");
  const steps = inImageSteps(withPython({ swift: { source } }));
  const before = image.versions();
  const last = runSteps(steps, image.env, image.place).at(-1);
  expect(last?.outcome).toContain(`of ms-swift ${version ?? "unknown"}, the image has 3.7.1`);
  expect(last?.outcome).toContain(`remedy: git -C ${source} checkout v3.7.1`);
  expect(image.versions()).toEqual(before);
});

test("the released package of ms-swift is put over another one", () => {
  const image = imagePython();
  image.pip("install", "ms-swift==4.6.0");
  const steps = inImageSteps(withPython({ swift: {} }));
  expect(runSteps(steps.slice(1, 2), image.env, image.place).map(run => run.outcome)).toEqual(["made"]);
  expect(image.versions()).toContain("ms-swift==3.7.1");
});
