import { type Check, modelShapeOf } from "../config/check";
import { checkCluster, findingOf } from "../config/checks";
import type { Cluster } from "../config/schema";
import type { Finding } from "../plan/finding";
import { type KnownHost, type ModelFacts, modelFactsOf } from "../plan/known-facts";
import { tooSmallDisks, type Wanted } from "../plan/space";
import { conversionMemoryBytes, convertingSteps, parameterCount, spaceNeeds } from "../recipes/ms-swift/estimate";
import { singleNode } from "../recipes/placement";
import { hostPath } from "./node-folders";

/** Where the model of the cluster file lies on the hosts; undefined without a pipeline, or when no mount leads there. */
export function modelFolder(settings: Cluster): string | undefined {
  const path = settings.pipeline?.model.path;
  return path === undefined ? undefined : hostPath(settings, path);
}

/** What the model's config.json, where hosts have it, says against the cluster file. Where no host has it nothing is known. */
export function modelFindings(settings: Cluster, hosts: readonly KnownHost[]): Finding[] {
  const facts = modelFactsOf(hosts);
  const found = facts.flatMap(({ node, model }) => (model ? [{ node, model }] : []));
  const [first] = found;
  if (!settings.pipeline) return [];
  if (!first) return modelNowhere(settings, facts);
  const shape = modelShapeOf(first.model.config);
  const known = new Set(checkCluster(settings).map(keyOf));
  const checks = shape ? checkCluster(settings, shape).filter(check => !known.has(keyOf(check))) : [];
  return [
    ...checks.map(findingOf),
    ...differing(found),
    ...missing(settings, facts, found),
    ...sizes(settings, facts, first.model),
  ];
}

function keyOf(check: Check): string {
  return JSON.stringify([check.code, check.path, check.found]);
}

type Model = NonNullable<ModelFacts["model"]>;

interface Found {
  readonly node: string;
  readonly model: Model;
}

function differing([first, ...others]: readonly Found[]): Finding[] {
  const text = JSON.stringify(first?.model);
  return others
    .filter(({ model }) => JSON.stringify(model) !== text)
    .map(({ node }) => ({
      code: "models-differ",
      severity: "error",
      host: node,
      path: "pipeline.model.path",
      fact: `config.json or the size of the weights is not as on ${first?.node}`,
      why: "ranks with other weights fail, or train something else without a word",
      remedy: `copy the folder from ${first?.node} again`,
    }));
}

/** Converted weights name the model's folder, and every training process reads its configuration and tokenizer there. */
function missing(settings: Cluster, facts: readonly ModelFacts[], found: readonly Found[]): Finding[] {
  const { train, convert, model } = settings.pipeline ?? {};
  const used = [...(train?.nodes ?? []), ...(convert ? [singleNode(settings, "convert")] : [])];
  return facts
    .filter(({ node, isAbsent }) => isAbsent && used.includes(node))
    .map(({ node }) => ({
      code: "model-missing",
      severity: "warning",
      host: node,
      path: "pipeline.model.path",
      fact: `${model?.path} is not there, and it is on ${found.map(other => other.node).join(", ")}`,
      why: "its configuration and tokenizer are read on every training node",
      remedy: "copy the folder there, or let one of steps do it",
    }));
}

/** Space that the pipeline's outputs take, as host paths; empty while no host tells the size of the model. */
export function spaceWanted(settings: Cluster, hosts: readonly KnownHost[]): Wanted[] {
  const [model] = modelFactsOf(hosts).flatMap(({ model: found }) => (found ? [found] : []));
  return settings.pipeline && model ? wantedFor(settings, model) : [];
}

function wantedFor(settings: Cluster, { weightBytes, config }: Model): Wanted[] {
  if (weightBytes === 0) return [];
  const parameters = parameterCount(weightBytes, config.torch_dtype ?? config.dtype);
  return spaceNeeds(settings, parameters, part => singleNode(settings, part)).flatMap(need => {
    const folder = hostPath(settings, need.folder);
    return folder === undefined ? [] : [{ ...need, folder, path: `pipeline.${need.path}` }];
  });
}

/** Hosts that were asked, and none has it. */
function modelNowhere(settings: Cluster, facts: readonly ModelFacts[]): Finding[] {
  if (settings.steps.length > 0 || facts.length === 0 || !facts.every(({ isAbsent }) => isAbsent)) return [];
  const folder = modelFolder(settings);
  // A model inside the image, or an id of a hub, lies in no folder of the hosts.
  if (folder === undefined) return [];
  return [
    {
      code: "model-missing",
      severity: "warning",
      path: "pipeline.model.path",
      fact: `${folder} is on no host`,
      why: "the first step reads it, and fails",
      remedy: "copy the model there: huggingface-cli download, or rsync from where it is; or let one of steps do it",
    },
  ];
}

function sizes(settings: Cluster, facts: readonly ModelFacts[], model: Model): Finding[] {
  const { weightBytes, config } = model;
  if (weightBytes === 0) return [];
  const parameters = parameterCount(weightBytes, config.torch_dtype ?? config.dtype);
  const byNode = new Map(facts.map(each => [each.node, each]));
  return [
    ...tooSmallDisks(wantedFor(settings, model), node => byNode.get(node)?.disks ?? []),
    ...memory(settings, byNode, parameters),
  ];
}

function memory(settings: Cluster, facts: ReadonlyMap<string, ModelFacts>, parameters: number): Finding[] {
  const needed = Math.ceil(conversionMemoryBytes(parameters) / 2 ** 30);
  return convertingSteps(settings).flatMap((part): Finding[] => {
    const node = singleNode(settings, part);
    const total = facts.get(node)?.memoryGib;
    if (settings.pipeline?.[part]?.tool === "megatron export" || total === undefined || needed <= total) return [];
    return [
      {
        code: "memory-too-small",
        severity: "warning",
        host: node,
        path: `pipeline.${part}`,
        fact: `${total} GiB of memory, and a conversion holds up to ${needed} GiB, less what its GPUs hold`,
        why: "it would be ended for lack of memory",
        remedy: "name more gpus, write testPrecision: false, or tool: megatron export (ms-swift 3.10 or newer)",
      },
    ];
  });
}
