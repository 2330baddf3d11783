import { compatibilityOf, firstSwift, modelNeeds } from "../../recipes/environment/compatibility";
import { misfits } from "../../recipes/environment/fit";
import { parseRequirement } from "../../recipes/environment/requirement";
import { resolvedVersions, wantedComponents } from "../../recipes/environment/resolve";
import { profileOf } from "../../recipes/ms-swift/profile";
import { satisfies } from "../../recipes/version";
import type { Check, CheckRule } from "../check";
import type { FieldPath } from "../problem";
import type { Cluster } from "../schema";
import type { EnvironmentSettings } from "../schema/environment";

/** Versions of the Python environment against ms-swift's and each other's, by recipes/environment/compatibility.json. */
export const checkEnvironment: CheckRule = cluster => {
  const { environment } = cluster.python;
  return [...(environment ? ofEnvironment(cluster, environment) : []), ...packages(cluster)];
};

const base: FieldPath = ["python", "environment"];

function problem(path: FieldPath, found: string, expected: string, remedy: string, warn = false): Check {
  return { code: "environment", severity: warn ? "warning" : "error", path, found, expected, remedy };
}

function ofEnvironment(cluster: Cluster, environment: EnvironmentSettings): Check[] {
  const row = compatibilityOf(environment.swift);
  if (!row) {
    const found = `ms-swift ${environment.swift}`;
    return [problem([...base, "swift"], found, `${firstSwift} or newer`, "write swift: 3.7.1")];
  }
  const needs = modelNeeds(cluster.pipeline?.model.type ?? "");
  return [
    ...misfits({ ...environment, needs }, resolvedVersions(environment)).map(({ component, found, expected, remedy }) =>
      problem([...base, "versions", component], found, expected, `${remedy} (python.environment.versions)`),
    ),
    ...missingComponents(cluster, environment),
    ...withoutApex(cluster, environment),
  ];
}

/** Steps of the pipeline that need what is not installed. */
function missingComponents({ pipeline, image }: Cluster, { components, path }: EnvironmentSettings): Check[] {
  const { train, convert, serve } = pipeline ?? {};
  const add = (what: string, step: string): Check[] =>
    (components as readonly string[]).includes(what)
      ? []
      : [problem([...base, "components"], `no ${what}`, `${what}, which ${step} needs`, `add ${what} to components`)];
  const isMegatron = train?.tool.startsWith("megatron") || convert !== undefined;
  const profile = profileOf(image.swift);
  const needsTree = isMegatron && !("refused" in profile) && profile.needsMegatronLm;
  return [
    ...(isMegatron ? add("megatron", train ? "pipeline.train" : "pipeline.convert") : []),
    ...(serve ? add(serve.engine, "pipeline.serve") : []),
    ...(needsTree && pipeline?.megatronLm === undefined
      ? [
          problem(
            ["pipeline"],
            "no megatronLm",
            "a folder for the checkout of Megatron-LM, which ms-swift 3 trains with",
            `add megatronLm: ${path}/src/Megatron-LM`,
          ),
        ]
      : []),
  ];
}

/** From 3.11 on apex is optional, with an argument that says so. */
function withoutApex({ pipeline }: Cluster, environment: EnvironmentSettings): Check[] {
  const train = pipeline?.train;
  const without = compatibilityOf(environment.swift)?.components.apex?.without;
  const name = without?.split(":")[0];
  if (!train || without === undefined || name === undefined || !environment.components.includes("megatron")) return [];
  if (environment.versions.apex !== undefined || Object.hasOwn(train.args, name)) return [];
  return [
    problem(
      ["pipeline", "train", "args"],
      "neither apex nor an argument that does without it",
      `${without}, or a commit of apex`,
      `add args: {${without}}, or python.environment.versions.apex`,
      true,
    ),
  ];
}

/** What the image's extensions are built against, and the servers: another one of these needs another image. */
const imageCore: readonly string[] = [
  "torch",
  "torchvision",
  "torchaudio",
  "triton",
  "xformers",
  "flash-attn",
  "transformer-engine",
  "apex",
  "megatron-core",
  "vllm",
  "sglang",
  "ms-swift",
];

/** An extra package that is part of the table is pinned by it. */
function packages({ python, image }: Cluster): Check[] {
  const { environment } = python;
  const row = compatibilityOf(image.swift);
  if (!row) return [];
  const own: ReadonlySet<string> = new Set(environment ? wantedComponents(environment) : []);
  return python.packages.flatMap((text, index): Check[] => {
    const path = ["python", "packages", index];
    const { name, range } = parseRequirement(text);
    if (own.has(name)) {
      const where = `python.environment.versions.${name}`;
      return [problem(path, `package ${name}`, `its version under ${where}`, `move it there`)];
    }
    if (!environment && imageCore.includes(name)) {
      const expected = "packages beside the image's torch and what is built against it";
      return [problem(path, `package ${name}`, expected, `use an image with the ${name} that you need`)];
    }
    const entry = Object.entries(row.components).find(([component]) => component === name);
    const exact = /^==([^*,]+)$/.exec(range)?.[1];
    if (!entry || exact === undefined || satisfies(exact, entry[1].fits)) return [];
    const [first] = entry[1].recommended;
    const remedy = `write ${name}${first === undefined ? entry[1].fits : `==${first}`}`;
    return [problem(path, `${name} ${exact}`, `${entry[1].fits} with ms-swift ${image.swift}`, remedy)];
  });
}
