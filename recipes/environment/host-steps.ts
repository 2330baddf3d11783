import type { Cluster } from "../../config/schema";
import { command, quote } from "../../remote/shell";
import { minorOf, pinned } from "../version";
import { checkoutStep, repository } from "./checkout";
import { type ComponentName, compatibilityOf, torchBuild, type Versions } from "./compatibility";
import { findConda } from "./conda";
import { cudaEnvironment, cudaToolkitStep } from "./cuda-toolkit";
import { flashAttentionWheel, type Wheel } from "./flash-attention";
import { type HostEnvironment, hostEnvironment } from "./host-environment";
import { newEnvironmentStep, pipStep, textStep } from "./new-environment";
import { renderPipConfig } from "./pip-config";
import { notDone, type SetupStep } from "./setup-step";
import { swiftCheckoutStep } from "./swift-checkout";
import { wheelFolderStep } from "./wheel-folder";

/** Upstream's repositories, for hosts that have no bundles of them. */
const apexAddress = "https://github.com/NVIDIA/apex";
const megatronLmAddress = "https://github.com/NVIDIA/Megatron-LM.git";

/** An environment by hand, as the notes have it, in the order of the notes: one step for each of their commands. */
export function hostSteps(cluster: Cluster, tools: string): SetupStep[] {
  const environment = hostEnvironment(cluster);
  if (!environment) return [];
  const { settings } = environment;
  const { wheels, packages } = cluster.python;
  const pipConfig = renderPipConfig(cluster.python);
  const install = pipInstaller(environment, tools);
  const requirements = pipRequirements(cluster, environment);
  return [
    newEnvironmentStep(settings, environment, wheels),
    ...(pipConfig === undefined ? [] : [textStep("pip-config", `${settings.path}/pip.conf`, pipConfig)]),
    pipStep(environment, cluster.python.upgradePip, wheels),
    textStep("constraints", environment.constraints, renderConstraints(cluster, environment)),
    ...(wheels === undefined
      ? []
      : [wheelFolderStep(environment, tools, wheels, requirements, namedFiles(environment, wheels))]),
    install("torch", [requirementOf(environment, "torch")]),
    swiftStep(cluster, environment, tools),
    ...(environment.hasToolkit ? [toolkitStep(environment)] : []),
    ...flashAttention(environment, tools, wheels),
    ...(["deepspeed", "vllm", "sglang"] as const).flatMap(name =>
      environment.versions[name] === undefined ? [] : [install(name, [requirementOf(environment, name)])],
    ),
    ...(settings.components.includes("megatron") ? megatronSteps(cluster, environment, tools) : []),
    ...(packages.length === 0 ? [] : [install("packages", packages, "-U")]),
    verifyStep(environment, tools, requirements),
  ];
}

/** The released package, or a checkout of that version; with the dependencies that the table names. */
function swiftStep({ python: { swift } }: Cluster, environment: HostEnvironment, tools: string): SetupStep {
  const { settings, python, constraints } = environment;
  const beside = swiftRequirements.flatMap(name => optional(environment, name));
  if (swift?.source === undefined) {
    return pipInstaller(environment, tools)("ms-swift", [`ms-swift==${settings.swift}`, ...beside]);
  }
  const pip = command([python, "-m", "pip", "install", "--disable-pip-version-check", "-c", constraints]);
  return swiftCheckoutStep({
    source: swift.source,
    version: settings.swift,
    tool: checkTool(environment, tools),
    install: `${pip} ${command(["setuptools", "wheel", ...beside])}\n${pip} --no-build-isolation -e "$checkout"\n`,
  });
}

const swiftRequirements: readonly ComponentName[] = ["transformers", "peft", "trl", "numpy"];

/** Everything that pip takes from an index or a wheel folder, as requirements. */
export function pipRequirements(cluster: Cluster, environment: HostEnvironment): string[] {
  const { settings, versions } = environment;
  const names: ComponentName[] = ["torch", "transformers", "peft", "trl", "numpy", "deepspeed", "vllm", "sglang"];
  const megatron: ComponentName[] = ["megatron-core", "mcore-bridge"];
  return [
    ...(cluster.python.swift?.source === undefined ? [`ms-swift==${settings.swift}`] : ["setuptools", "wheel"]),
    ...names.flatMap(name => optional(environment, name)),
    ...(settings.components.includes("megatron")
      ? [...buildTools, ...megatron.flatMap(name => optional(environment, name))]
      : []),
    ...(settings.components.includes("megatron") && versions["transformer-engine"] !== undefined
      ? [requirementOf(environment, "transformer-engine")]
      : []),
    ...cluster.python.packages,
  ];
}

const buildTools: readonly string[] = ["pybind11", "setuptools", "wheel", "ninja", "packaging", "psutil"];

const extras: Readonly<Partial<Record<ComponentName, string>>> = { sglang: "[all]", "transformer-engine": "[pytorch]" };

function requirementOf({ versions }: HostEnvironment, name: ComponentName): string {
  const version = versions[name];
  return version === undefined ? name : pinned(`${name}${extras[name] ?? ""}`, version);
}

function optional(environment: HostEnvironment, name: ComponentName): string[] {
  return environment.versions[name] === undefined ? [] : [requirementOf(environment, name)];
}

/** What no later package may replace: the versions of the file, and ms-swift's ranges for the rest. */
export function renderConstraints(cluster: Cluster, { settings, versions }: HostEnvironment): string {
  const row = compatibilityOf(settings.swift);
  const notPip: readonly string[] = ["python", "cuda", "apex", "megatron-lm"];
  const isMegatron = settings.components.includes("megatron");
  const lines = Object.entries(row?.components ?? {}).flatMap(([name, { fits }]) => {
    const version = versions[name as ComponentName];
    if (notPip.includes(name)) return [];
    if (version !== undefined) return [pinned(name, version)];
    return fits === "" || (name === "numpy" && !isMegatron) ? [] : [`${name}${fits}`];
  });
  return `# Written by muster from ${cluster.name}'s cluster file.\n${[...lines, `ms-swift==${settings.swift}`].sort().join("\n")}\n`;
}

function pipInstaller(environment: HostEnvironment, tools: string) {
  const { python, constraints } = environment;
  return (name: string, requirements: readonly string[], ...options: string[]): SetupStep => ({
    name,
    check: `${checkTool(environment, tools)} ${command(["check", ...requirements])}\n`,
    apply: `${command([python, "-m", "pip", "install", "--disable-pip-version-check", ...options, "-c", constraints, ...requirements])}\n`,
    timeoutSeconds: 7200,
  });
}

function checkTool({ python }: HostEnvironment, tools: string): string {
  return `[ -x ${quote(python)} ] || ${notDone(`${python} is not there`)}\n${command([python, `${tools}/requirements.py`])}`;
}

function toolkitStep({ settings, versions, cudaHome }: HostEnvironment): SetupStep {
  const version = versions.cuda ?? "";
  const isOwn = settings.kind === "conda" && settings.cudaHome === undefined;
  const install = `${findConda(settings.conda)}"$conda" install -y -p ${quote(settings.path)} -c nvidia ${quote(`cuda-toolkit=${version}`)}\n`;
  return cudaToolkitStep({ home: cudaHome, version, ...(isOwn && { install }) });
}

/** `export` lines for what is compiled on the host. */
function buildEnvironment({ cudaHome, settings }: HostEnvironment): string {
  const variables = { ...cudaEnvironment(cudaHome), MAX_JOBS: "8" };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return `set -eu\n${lines.join("")}PATH=${quote(`${settings.path}/bin`)}:${quote(`${cudaHome}/bin`)}:$PATH\nexport PATH\n`;
}

/** What an environment without internet takes by its name: the wheel of flash-attn, and the bundles. */
function namedFiles({ settings, versions }: HostEnvironment, wheels: string): string[] {
  const { bundles } = settings;
  const flash = flashWheel(versions);
  const isBuilt = settings.flashAttention === "build";
  const bundle = (name: string, version: string | undefined): string[] =>
    bundles === undefined || version === undefined ? [] : [repository(bundles, name, "")];
  return [
    ...(flash === undefined || isBuilt ? [] : [`${wheels}/${flash.file}`]),
    ...(settings.components.includes("megatron")
      ? [...bundle("apex", versions.apex), ...bundle("Megatron-LM", versions["megatron-lm"])]
      : []),
  ];
}

/** The published wheel of flash-attn; undefined where none is wanted, or nobody knows what its torch is built for. */
function flashWheel(versions: Versions): Wheel | undefined {
  const { torch, python, "flash-attn": version } = versions;
  const build = torch === undefined ? undefined : torchBuild(torch);
  if (version === undefined || torch === undefined || !build) return undefined;
  const target = { torch, python: minorOf(python ?? ""), cuda: build.cuda, cxx11Abi: build.cxx11Abi };
  const wheel = flashAttentionWheel(version, target);
  return "refused" in wheel ? undefined : wheel;
}

function flashAttention(environment: HostEnvironment, tools: string, wheels: string | undefined): SetupStep[] {
  const { settings, versions, python, constraints } = environment;
  const version = versions["flash-attn"];
  const wheel = flashWheel(versions);
  if (version === undefined) return [];
  const requirement = `flash-attn==${version}`;
  const check = `${checkTool(environment, tools)} ${command(["check", requirement])} || exit
${quote(python)} -c 'import flash_attn' 2>&1 || ${notDone("flash_attn cannot be imported: its wheel is of another torch or C++ ABI")}
`;
  const pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "-c", constraints];
  if (settings.flashAttention === "build" || !wheel) {
    const apply = `${buildEnvironment(environment)}${command([...pip, "--no-build-isolation", requirement])}\n`;
    return [{ name: "flash-attn", check, apply, timeoutSeconds: 14_400 }];
  }
  const place = wheels === undefined ? wheel.url : `${wheels}/${wheel.file}`;
  // The same version may be there for another ABI: pip would call that done.
  const apply = `${command([...pip, "--force-reinstall", "--no-deps", place])} && ${command([...pip, "einops"])}\n`;
  return [{ name: "flash-attn", check, apply, timeoutSeconds: 1800 }];
}

function megatronSteps(cluster: Cluster, environment: HostEnvironment, tools: string): SetupStep[] {
  const { settings, versions, python, constraints } = environment;
  const { bundles, path } = settings;
  const install = pipInstaller(environment, tools);
  const engine = requirementOf(environment, "transformer-engine");
  const pip = [python, "-m", "pip", "install", "--disable-pip-version-check"];
  const megatronLm = cluster.pipeline?.megatronLm;
  return [
    // What the two builds import, which without isolation nobody brings.
    install("build-tools", buildTools),
    {
      name: "transformer-engine",
      check: `${checkTool(environment, tools)} ${command(["check", engine])}\n`,
      apply: `${buildEnvironment(environment)}${command([...pip, "--no-build-isolation", "-c", constraints, engine])}\n`,
      timeoutSeconds: 14_400,
    },
    ...(versions.apex === undefined ? [] : apexSteps(environment, tools, versions.apex)),
    install("megatron-core", [...optional(environment, "megatron-core"), ...optional(environment, "mcore-bridge")]),
    ...(versions["megatron-lm"] === undefined
      ? []
      : [
          checkoutStep({
            name: "megatron-lm",
            folder: megatronLm ?? `${path}/src/Megatron-LM`,
            source: repository(bundles, "Megatron-LM", megatronLmAddress),
            revision: versions["megatron-lm"],
          }),
        ]),
  ];
}

/** apex has one version, 0.1, for every commit: what was built is told by a mark beside the sources. */
function apexSteps(environment: HostEnvironment, tools: string, revision: string): SetupStep[] {
  const { settings, python } = environment;
  const folder = `${settings.path}/src/apex`;
  const mark = `${settings.path}/muster/apex`;
  const source = repository(settings.bundles, "apex", apexAddress);
  const build = ["--build-option=--cpp_ext", "--build-option=--cuda_ext"].flatMap(option => [
    "--config-settings",
    option,
  ]);
  const pip = [
    python,
    "-m",
    "pip",
    "install",
    "-v",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--no-build-isolation",
  ];
  return [
    checkoutStep({ name: "apex-sources", folder, source, revision }),
    {
      name: "apex",
      check: `[ "$(cat ${quote(mark)} 2>/dev/null)" = ${quote(revision)} ] || ${notDone(`apex ${revision} is not built`)}
${checkTool(environment, tools)} check apex
`,
      apply: `${buildEnvironment(environment)}${command([...pip, ...build, folder])}
mkdir -p ${quote(`${settings.path}/muster`)}
printf '%s\\n' ${quote(revision)} >${quote(mark)}
`,
      timeoutSeconds: 14_400,
    },
  ];
}

/** After all of it: a later step may have changed what an earlier one made. The constraints say what is put back. */
function verifyStep(environment: HostEnvironment, tools: string, requirements: readonly string[]): SetupStep {
  const { python, constraints, settings } = environment;
  const tool = checkTool(environment, tools);
  const list = quote(`${settings.path}/muster/broken.txt`);
  return {
    name: "verify",
    check: `${tool} ${command(["check", "--constraints", constraints, ...requirements])}\n`,
    apply: `${command([python, `${tools}/requirements.py`, "broken", constraints])} >${list} || :
${command([python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"])} -r ${list}
`,
    timeoutSeconds: 7200,
  };
}
