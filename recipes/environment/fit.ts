import type { EnvironmentSettings } from "../../config/schema/environment";
import { isVersion, minorOf, satisfies } from "../version";
import {
  type CompatibilityRow,
  type ComponentName,
  compatibilityOf,
  componentNames,
  type Engine,
  engineNeeds,
  enginesFor,
  knownTorches,
  type Needs,
  nearestFitting,
  torchBuild,
  type Versions,
} from "./compatibility";
import { flashAttentionFor, flashAttentionWheel } from "./flash-attention";

/** A version that does not fit ms-swift, or another version. */
export interface Misfit {
  readonly component: ComponentName;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

type Asked = Pick<EnvironmentSettings, "swift" | "components" | "flashAttention"> & {
  /** Ranges beyond the table's: of the model, of the system. */
  readonly needs?: Needs;
};

/** Everything that does not fit in a set of versions, by the table. A version of ms-swift that the table lacks fits nothing. */
export function misfits(asked: Asked, versions: Versions): Misfit[] {
  const row = compatibilityOf(asked.swift);
  if (!row) return [];
  return [
    ...componentNames.flatMap(name => outOfRange(name, asked, row, versions)),
    ...pythonOfTorch(versions),
    ...pythonOfNumpy(asked, row, versions),
    ...toolkit(versions),
    ...(["vllm", "sglang"] as const).flatMap(engine => engineNeedsOf(engine, row, versions)),
    ...(asked.flashAttention === "wheel" ? flashWheel(row, versions) : []),
  ];
}

/** Forms of what is no version: a commit, and a branch of Megatron-LM. */
const commit = /^[0-9a-f]{40}$/;

function outOfRange(name: ComponentName, asked: Asked, row: CompatibilityRow, versions: Versions): Misfit[] {
  const version = versions[name];
  const range = row.components[name];
  const swift = `ms-swift ${asked.swift}`;
  if (version === undefined) return [];
  // Only ms-swift's Megatron refuses another numpy.
  if (name === "numpy" && !asked.components.includes("megatron")) return [];
  if (!range) {
    const expected = `no ${name}: ${swift} has no use for it`;
    return [{ component: name, found: `${name} ${version}`, expected, remedy: `remove ${name}` }];
  }
  if (name === "apex" || name === "megatron-lm") {
    const known = range.recommended;
    if (commit.test(version) || known.includes(version)) return [];
    const [first] = known;
    const expected = name === "apex" ? "a commit of 40 hexadecimal digits" : `${known.join(" or ")}, or a commit`;
    const remedy = first === undefined ? `write the commit that you have tested` : `write ${name}: ${first}`;
    return [{ component: name, found: `${name} ${version}`, expected, remedy }];
  }
  if (!isVersion(version)) {
    const found = `${name} '${version}'`;
    return [
      { component: name, found, expected: "a version such as 2.6.0", remedy: suggestion(name, range.recommended) },
    ];
  }
  const fits = [range.fits, asked.needs?.[name] ?? ""].filter(Boolean).join(",");
  if (satisfies(version, fits)) return [];
  const near = nearestFitting(version, known(name, range.recommended), fits);
  return [
    {
      component: name,
      found: `${name} ${version}`,
      expected: `${fits} with ${swift}`,
      remedy: suggestion(name, near, fits),
    },
  ];
}

/** Versions of a component that may be named in a remedy. */
function known(name: ComponentName, recommended: readonly string[]): readonly string[] {
  return name === "torch" ? [...recommended, ...knownTorches] : recommended;
}

function suggestion(name: ComponentName, versions: readonly string[], fits = ""): string {
  return versions.length === 0
    ? `write a version of ${name}${fits === "" ? "" : ` that is ${fits}`}`
    : `write ${name}: ${versions.join(" or ")}`;
}

function pythonOfTorch({ torch, python }: Versions): Misfit[] {
  if (torch === undefined || python === undefined || !isVersion(torch)) return [];
  const build = torchBuild(torch);
  if (!build || satisfies(python, build.python)) return [];
  const remedy = `write another python (${build.python}), or another torch`;
  return [{ component: "python", found: `python ${python}`, expected: `${build.python} with torch ${torch}`, remedy }];
}

/** The numpy that Megatron of ms-swift 3 wants, below 2, has no wheel for a newer Python. */
function pythonOfNumpy({ swift, components }: Asked, row: CompatibilityRow, { python }: Versions): Misfit[] {
  const isOld = row.components.numpy?.fits === "<2.0" && components.includes("megatron");
  if (!isOld || python === undefined || satisfies(python, LAST_PYTHON_OF_NUMPY_1)) return [];
  const expected = `${LAST_PYTHON_OF_NUMPY_1}: Megatron of ms-swift ${swift} wants numpy<2.0, which has no wheel above`;
  const [first = "3.10"] = row.components.python?.recommended ?? [];
  return [{ component: "python", found: `python ${python}`, expected, remedy: `write python: "${first}"` }];
}

const LAST_PYTHON_OF_NUMPY_1 = "<3.13";

/** apex' setup.py refuses a toolkit that is not of torch's own version; the others need the same major version. */
function toolkit({ torch, cuda, apex }: Versions): Misfit[] {
  const build = torch !== undefined && isVersion(torch) ? torchBuild(torch) : undefined;
  if (!build || cuda === undefined || !isVersion(cuda)) return [];
  const exact = apex !== undefined;
  const same = exact ? minorOf(cuda) === minorOf(build.cuda) : cuda.split(".")[0] === build.cuda.split(".")[0];
  if (same) return [];
  const expected = `${exact ? build.cuda : `${build.cuda.split(".")[0]}.x`}, for which torch ${torch} is built${exact ? " (apex builds with no other)" : ""}`;
  return [{ component: "cuda", found: `cuda ${cuda}`, expected, remedy: `write cuda: "${build.cuda}"` }];
}

/** A server pins the torch that its kernels are built for, and often transformers. */
function engineNeedsOf(engine: Engine, row: CompatibilityRow, versions: Versions): Misfit[] {
  const version = versions[engine];
  if (version === undefined) return [];
  return Object.entries(engineNeeds(engine, version)).flatMap(([name, range]): Misfit[] => {
    const component = name as ComponentName;
    const have = versions[component];
    if (have === undefined || !isVersion(have) || satisfies(have, range)) return [];
    const takes = row.components[engine]?.fits ?? "";
    const others = enginesFor(engine, component, have).filter(other => satisfies(other, takes));
    const exact = /^==([^,*]+)$/.exec(range)?.[1];
    const remedy = [
      exact === undefined ? `write a version of ${name} that is ${range}` : `write ${name}: ${exact}`,
      ...others.slice(-1).map(other => `${engine}: ${other}`),
    ].join(", or ");
    const found = `${engine} ${version} with ${name} ${have}`;
    return [{ component: engine, found, expected: `${name}${range}, which it requires`, remedy }];
  });
}

function flashWheel(row: CompatibilityRow, versions: Versions): Misfit[] {
  const { torch, python } = versions;
  const version = versions["flash-attn"];
  if (version === undefined || torch === undefined || python === undefined) return [];
  const build = isVersion(torch) ? torchBuild(torch) : undefined;
  if (!build) return [];
  const target = { torch, python: minorOf(python), cuda: build.cuda, cxx11Abi: build.cxx11Abi };
  const wheel = flashAttentionWheel(version, target);
  if (!("refused" in wheel)) return [];
  const takes = row.components["flash-attn"]?.fits ?? "";
  const others = flashAttentionFor(target).filter(other => satisfies(other, takes));
  const remedy = [...others.slice(-1).map(other => `write flash-attn: ${other}`), "flashAttention: build"].join(
    ", or ",
  );
  return [{ component: "flash-attn", found: wheel.refused, expected: "a published wheel", remedy }];
}
