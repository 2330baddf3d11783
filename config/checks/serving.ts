import { servingNodes } from "../../recipes/placement";
import { gpusUsed, replicaGroups, type ServingLayout, servingLayout } from "../../recipes/serving/layout";
import { isAtLeast } from "../../recipes/version";
import { firstVersionOfMp, lastVersionWithRay, vllmExecutor } from "../../recipes/vllm/executor";
import { vllmVersionOf } from "../../recipes/vllm/parsers";
import type { Check, CheckRule, ModelShape } from "../check";
import type { Cluster } from "../schema";
import type { ServeSettings } from "../schema/pipeline";

/** Where the GPUs of a server go, and what its engine can do over nodes. */
export const checkServing: CheckRule = (cluster, model) => {
  const serve = cluster.pipeline?.serve;
  if (!serve) return [];
  const nodes = servingNodes(cluster);
  const groups = replicaGroups(nodes, serve.replicas);
  const layout = servingLayout(serve, groups[0]?.length ?? 1);
  return [
    ...placeNamedTwice(serve),
    ...replicas(serve, nodes.length),
    ...gpus(serve, layout),
    ...(serve.engine === "vllm" ? vllm(cluster, serve, layout) : []),
    ...(serve.engine === "sglang" ? sglang(layout) : []),
    ...(serve.engine === "swift" ? swift(cluster, serve, nodes.length, layout) : []),
    ...foreignSettings(serve),
    // What is served may be another model than the one that is trained.
    ...(model && serve.model === undefined ? againstModel(serve, layout, model) : []),
  ];
};

function error(code: string, field: string, found: string, expected: string, remedy: string): Check {
  return { code, severity: "error", path: ["pipeline", "serve", field], found, expected, remedy };
}

function placeNamedTwice(serve: ServeSettings): Check[] {
  if (serve.node === undefined || serve.nodes === undefined) return [];
  const remedy = "remove node; the API is on the first of nodes";
  return [error("serving-nodes-twice", "node", "node and nodes", "one of both", remedy)];
}

function replicas(serve: ServeSettings, nodes: number): Check[] {
  if (serve.replicas === 1 && !serve.router) return [];
  if (serve.engine !== "sglang") {
    const field = serve.router ? "router" : "replicas";
    const found = `${field} with ${serve.engine}`;
    return [
      error("router-needs-sglang", field, found, "engine sglang", `remove ${field}, or use dataParallel with vllm`),
    ];
  }
  const checks: Check[] = [];
  if (nodes % serve.replicas !== 0) {
    const found = `${serve.replicas} replicas on ${nodes} nodes`;
    checks.push(
      error(
        "replicas-uneven",
        "replicas",
        found,
        "the same number of nodes for each",
        "name more nodes in serve.nodes, or fewer replicas",
      ),
    );
  }
  if (serve.replicas > 1 && !serve.router) {
    const found = `${serve.replicas} replicas and nobody in front of them`;
    checks.push(error("replicas-without-router", "router", found, "a router", "write router: {}"));
  }
  return checks;
}

function gpus(serve: ServeSettings, layout: ServingLayout): Check[] {
  const total = layout.nodes * layout.gpusPerNode;
  if (gpusUsed(layout) === total || serve.backend === "pt") return [];
  const field = (["tensorParallel", "pipelineParallel", "dataParallel"] as const).find(
    name => serve[name] !== undefined,
  );
  const { tensorParallel: t, pipelineParallel: p, dataParallel: d } = layout;
  return [
    error(
      "serving-gpus-differ",
      field ?? "gpus",
      `tensorParallel ${t} x pipelineParallel ${p} x dataParallel ${d} = ${t * p * d}`,
      `${total}, the GPUs that the server claims (${layout.nodes} ${layout.nodes === 1 ? "node" : "nodes"} x ${layout.gpusPerNode})`,
      `write tensorParallel: ${Math.max(1, Math.floor(total / (p * d)))}, or claim other gpus`,
    ),
  ];
}

function vllm(cluster: Cluster, serve: ServeSettings, layout: ServingLayout): Check[] {
  if (layout.nodes === 1) return [];
  const version = vllmVersionOf(cluster.image);
  const executor = vllmExecutor(serve, layout, version);
  const checks: Check[] = [];
  if (version === undefined) {
    checks.push({
      ...error("vllm-version-unknown", "executor", "an image whose version of vLLM is not known", "image.vllm", ""),
      severity: "warning",
      remedy: `write image.vllm: VERSION; from ${firstVersionOfMp} on no ray is needed`,
    });
  }
  if (executor === "mp" && version !== undefined && !isAtLeast(version, firstVersionOfMp)) {
    const found = `executor mp over ${layout.nodes} nodes with vLLM ${version}`;
    checks.push(
      error("executor-too-new", "executor", found, "ray: mp spans nodes from vLLM 0.11.2 on", "write executor: ray"),
    );
  }
  const bringsRay = version === undefined || !isAtLeast(version, "0.13.0");
  if (executor === "ray" && !bringsRay && !cluster.python.packages.some(name => /^ray\b/.test(name))) {
    checks.push({
      ...error("ray-not-installed", "executor", `executor ray with vLLM ${version}`, "", ""),
      severity: "warning",
      expected: `ray in the image: vLLM brings it along up to ${lastVersionWithRay} only`,
      remedy: "write python.packages: [ray], or executor: mp",
    });
  }
  const perCopy = layout.tensorParallel * layout.pipelineParallel;
  if (executor === "data" && layout.gpusPerNode % perCopy !== 0) {
    const found = `dataParallel ${layout.dataParallel} with copies of ${perCopy} GPUs`;
    const expected = `whole copies on a node, which has ${layout.gpusPerNode}`;
    checks.push(
      error("copies-over-nodes", "dataParallel", found, expected, "lower tensorParallel, or leave dataParallel out"),
    );
  }
  if (executor !== "data" && layout.tensorParallel > layout.gpusPerNode) {
    checks.push({
      ...error("tensor-parallel-over-nodes", "tensorParallel", `tensorParallel ${layout.tensorParallel}`, "", ""),
      severity: "warning",
      expected: `at most ${layout.gpusPerNode}, the GPUs of one node`,
      remedy: `write tensorParallel: ${layout.gpusPerNode} and pipelineParallel: ${layout.nodes}: tensor parallelism over a network is slow`,
    });
  }
  return checks;
}

/** sglang 0.5: dp_size above 1 with nnodes above 1 is refused at start. */
function sglang(layout: ServingLayout): Check[] {
  const checks: Check[] = [];
  if (layout.nodes > 1 && layout.dataParallel > 1) {
    const found = `dataParallel ${layout.dataParallel} over ${layout.nodes} nodes`;
    const remedy = "write replicas and router: {} instead, or give dp attention's arguments in args";
    checks.push(error("data-parallel-over-nodes", "dataParallel", found, "1: SGLang refuses it over nodes", remedy));
  }
  const world = layout.tensorParallel * layout.pipelineParallel;
  if (world % layout.nodes !== 0) {
    const found = `tensorParallel x pipelineParallel = ${world} over ${layout.nodes} nodes`;
    const remedy = `write tensorParallel: ${layout.nodes * layout.gpusPerNode}; with SGLang it counts the GPUs of all nodes`;
    checks.push(error("sglang-world", "tensorParallel", found, `a multiple of ${layout.nodes}`, remedy));
  }
  return checks;
}

function swift(cluster: Cluster, serve: ServeSettings, nodes: number, layout: ServingLayout): Check[] {
  const { swift: version } = cluster.image;
  const checks: Check[] = [];
  if (nodes > 1) {
    const remedy = "serve with vllm or sglang, or on one node";
    checks.push(error("swift-over-nodes", "nodes", `${nodes} nodes`, "one: swift deploy does not span nodes", remedy));
  }
  if (serve.toolCallParser !== undefined) {
    const remedy = "remove toolCallParser; train.agentTemplate is what it reads";
    checks.push(
      error(
        "swift-has-no-parser",
        "toolCallParser",
        "a parser for swift deploy",
        "none: it reads tool calls by the agent template",
        remedy,
      ),
    );
  }
  if (serve.reasoningParser !== undefined && (serve.backend ?? "vllm") === "vllm" && !isAtLeast(version, "3.8.0")) {
    const found = `reasoningParser with ms-swift ${version}`;
    checks.push(
      error(
        "reasoning-parser-too-new",
        "reasoningParser",
        found,
        "ms-swift 3.8.0 or newer",
        "remove it, or serve with vllm",
      ),
    );
  }
  if (serve.reasoningParser !== undefined && serve.backend !== undefined && serve.backend !== "vllm") {
    const found = `reasoningParser with the backend ${serve.backend}`;
    checks.push(
      error(
        "reasoning-parser-needs-vllm",
        "reasoningParser",
        found,
        "the backend vllm",
        "remove it, or write backend: vllm",
      ),
    );
  }
  if (layout.dataParallel > 1 && (serve.backend ?? "vllm") === "vllm" && !isAtLeast(version, "3.10.0")) {
    const found = `dataParallel ${layout.dataParallel} with ms-swift ${version}`;
    checks.push(
      error(
        "swift-data-parallel-too-new",
        "dataParallel",
        found,
        "ms-swift 3.10.0 or newer: before, swift deploy takes it and does nothing",
        "serve with vllm, or leave it out",
      ),
    );
  }
  return checks;
}

/** Settings of an engine that is not the one. */
function foreignSettings(serve: ServeSettings): Check[] {
  const checks: Check[] = [];
  if (serve.backend !== undefined && serve.engine !== "swift") {
    checks.push(
      error("backend-needs-swift", "backend", `backend with ${serve.engine}`, "engine swift", "remove backend"),
    );
  }
  if (serve.executor !== "auto" && serve.engine !== "vllm") {
    checks.push(
      error("executor-needs-vllm", "executor", `executor with ${serve.engine}`, "engine vllm", "remove executor"),
    );
  }
  return checks;
}

/** Rules of vLLM and SGLang over config.json; key-value heads are copied where they do not divide. */
function againstModel(serve: ServeSettings, layout: ServingLayout, model: ModelShape): Check[] {
  const checks: Check[] = [];
  if (model.heads % layout.tensorParallel !== 0) {
    const found = `tensorParallel ${layout.tensorParallel} for ${model.heads} attention heads`;
    const fitting = Array.from({ length: layout.tensorParallel }, (_, i) => i + 1).filter(n => model.heads % n === 0);
    checks.push(
      error(
        "serving-heads-uneven",
        serve.tensorParallel === undefined ? "gpus" : "tensorParallel",
        found,
        `a divisor of ${model.heads}`,
        `write tensorParallel: ${fitting.at(-1)}, and gpus to match`,
      ),
    );
  }
  if (layout.pipelineParallel > model.layers) {
    const found = `pipelineParallel ${layout.pipelineParallel} for ${model.layers} layers`;
    checks.push(
      error(
        "serving-stages",
        "pipelineParallel",
        found,
        `at most ${model.layers}`,
        "name fewer nodes, or raise tensorParallel",
      ),
    );
  }
  if (serve.maxModelLen !== undefined && model.maxPositions !== undefined && serve.maxModelLen > model.maxPositions) {
    const found = `maxModelLen ${serve.maxModelLen}`;
    const remedy = `write ${model.maxPositions}, or set rope scaling in args`;
    checks.push(
      error(
        "serving-length-above-model",
        "maxModelLen",
        found,
        `at most ${model.maxPositions}, the positions of the model`,
        remedy,
      ),
    );
  }
  return checks;
}
