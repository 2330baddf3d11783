import type { EnvironmentSettings } from "../../config/schema/environment";
import { type ComponentName, compatibilityOf, engineNeeds, torchBuild, type Versions } from "./compatibility";
import { misfits } from "./fit";

/** Components that each entry of `components` brings with it. */
const parts: Readonly<Record<EnvironmentSettings["components"][number], readonly ComponentName[]>> = {
  "flash-attn": ["flash-attn"],
  deepspeed: ["deepspeed"],
  vllm: ["vllm"],
  sglang: ["sglang"],
  megatron: ["transformer-engine", "apex", "megatron-core", "mcore-bridge", "megatron-lm", "numpy"],
};

const always: readonly ComponentName[] = ["python", "torch", "transformers", "peft", "trl", "numpy"];

/** Components that an environment has, in the order of the table. */
export function wantedComponents(environment: EnvironmentSettings): ComponentName[] {
  const declared = Object.keys(environment.versions) as ComponentName[];
  return [...new Set([...always, ...environment.components.flatMap(part => parts[part]), ...declared])];
}

/**
 * The versions of an environment: what is declared, and for the rest what upstream recommends, chosen so that all of them fit
 * each other. Where nothing does, the first recommendation of each: misfits() then says what is wrong.
 */
export function resolvedVersions(environment: EnvironmentSettings): Versions {
  const row = compatibilityOf(environment.swift);
  if (!row) return environment.versions;
  const open = wantedComponents(environment).filter(
    name => environment.versions[name] === undefined && name !== "cuda",
  );
  const choices = open.flatMap(name => {
    const recommended = [...(row.components[name]?.recommended ?? []), ...pinnedByEngines(name, environment)];
    return recommended.length === 0 ? [] : [{ name, recommended }];
  });
  const candidates = combinations(choices).map(chosen => withCuda({ ...chosen, ...environment.versions }));
  const fitting = candidates.find(versions => misfits(environment, versions).length === 0);
  return fitting ?? candidates[0] ?? environment.versions;
}

/** Versions that the servers of the environment pin, and that upstream's recommendations may not have. */
function pinnedByEngines(name: ComponentName, { swift, components, versions }: EnvironmentSettings): string[] {
  const row = compatibilityOf(swift);
  const engines = (["vllm", "sglang"] as const).filter(engine => components.includes(engine) || versions[engine]);
  const all = engines.flatMap(engine => {
    const own = versions[engine];
    return own === undefined
      ? (row?.components[engine]?.recommended ?? []).map(each => ({ engine, version: each }))
      : [{ engine, version: own }];
  });
  const pins = all.flatMap(
    ({ engine, version }) => /^==([^,*]+)$/.exec(engineNeeds(engine, version)[name] ?? "")?.[1] ?? [],
  );
  const recommended = row?.components[name]?.recommended ?? [];
  return [...new Set(pins)].filter(pin => !recommended.includes(pin));
}

/** Every choice of one version a component, those nearest to the front of the lists first. */
function combinations(choices: readonly { readonly name: ComponentName; readonly recommended: readonly string[] }[]) {
  let all: { versions: Partial<Record<ComponentName, string>>; cost: number }[] = [{ versions: {}, cost: 0 }];
  for (const { name, recommended } of choices) {
    all = all.flatMap(({ versions, cost }) =>
      recommended.map((version, index) => ({ versions: { ...versions, [name]: version }, cost: cost + index })),
    );
  }
  return all.sort((a, b) => a.cost - b.cost).map(({ versions }) => versions);
}

/** A toolkit of another version than torch's own libraries cannot build for it. */
function withCuda(versions: Versions): Versions {
  const cuda = versions.torch === undefined ? undefined : torchBuild(versions.torch)?.cuda;
  return versions.cuda === undefined && cuda !== undefined ? { ...versions, cuda } : versions;
}
