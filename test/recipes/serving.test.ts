import * as fs from "node:fs";
import * as path from "node:path";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import type { Cluster } from "../../config/schema";
import { type NodeTransport, renderCommand } from "../../recipes/command";
import { knownArguments } from "../../recipes/ms-swift/argument-list";
import { servingNodes } from "../../recipes/placement";
import { placedRun } from "../../recipes/run-identity";
import { serveCommands } from "../../recipes/serve";
import { replicaGroups } from "../../recipes/serving/layout";
import { engineTimeout, origin, readyMinutes, readyPath } from "../../recipes/serving/readiness";
import { routerCommand } from "../../recipes/sglang/router";
import { chatArgv, exchanges } from "../../recipes/smoke";
import { guardedInference, inferCommand } from "../../recipes/swift-serve/infer";
import { expectGolden } from "../support/golden";

const example = fs.readFileSync(path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml"), "utf8");
/** The example up to its pipeline; each case brings its own. */
const top = example.slice(0, example.indexOf("pipeline:"));

interface Case {
  readonly vllm?: string;
  readonly swift?: string;
  readonly packages?: string;
  /** Lines below `pipeline:`, beside the model. */
  readonly pipeline: string;
}

function textOf({ vllm, packages, pipeline }: Case): string {
  const image = top
    .replace(/reference: .*/, "reference: registry.example/train:1")
    .replace("swift: 3.7.1\n", `swift: 3.7.1\n${vllm === undefined ? "" : `  vllm: ${vllm}\n`}`)
    .replace("[swanlab, ipykernel]", packages ?? "[swanlab]")
    .replace(/ {2}swift: \{source.*\n/, "");
  return `${image}pipeline:\n  model: {path: /models/glm, type: glm4_5}\n${pipeline}`;
}

function load(wanted: Case): Cluster {
  const cluster = loadCluster("glm.yaml", { readFile: () => textOf(wanted), hasSecret: () => true });
  return { ...cluster, image: { ...cluster.image, swift: wanted.swift ?? cluster.image.swift } };
}

const addresses: Readonly<Record<string, string>> = { "node-1": "172.16.16.4", "node-2": "172.16.16.3" };
/** Interfaces whose names differ, as they do in real racks. */
const interfaces: Readonly<Record<string, string>> = { "node-1": "eth0", "node-2": "ens5" };
const transportOf = (node: string): NodeTransport => ({
  address: addresses[node] ?? "",
  env: { NCCL_SOCKET_IFNAME: `=${interfaces[node]}`, GLOO_SOCKET_IFNAME: interfaces[node] ?? "" },
});

function rendered(cluster: Cluster): string {
  const { serve, infer } = cluster.pipeline ?? {};
  const parts: string[] = [];
  if (infer) {
    const command = inferCommand(cluster, infer);
    parts.push(`# ${command.node}\n${renderCommand(command)}`);
  }
  if (serve) {
    serveCommands(cluster, serve, transportOf).forEach((replica, i) => {
      for (const command of replica)
        parts.push(`# ${command.node}${i > 0 ? `, replica ${i + 1}` : ""}\n${renderCommand(command)}`);
    });
    if (serve.router) {
      const heads = replicaGroups(servingNodes(cluster), serve.replicas).flatMap(group => group.slice(0, 1));
      const command = routerCommand(serve, serve.router, heads, transportOf);
      parts.push(`# ${command.node}, router\n${renderCommand(command)}`);
    }
  }
  return parts.join("\n");
}

const all = "gpus: [0, 1, 2, 3, 4, 5, 6, 7]";
const both = "nodes: [node-1, node-2]";
const glm = "servedModelName: GLM-4.5-Air, maxModelLen: 32768, memoryFraction: 0.9";

const cases: Readonly<Record<string, Case>> = {
  "vllm-0.10.0-notes": {
    vllm: "0.10.0",
    pipeline: `  serve: {gpus: [0, 1, 2, 3], ${glm}, toolCallParser: glm4_moe, reasoningParser: glm4_moe, args: {enforce_eager: true, enable_chunked_prefill: true}}\n`,
  },
  "vllm-0.10.0-two-nodes-ray": {
    vllm: "0.10.0",
    pipeline: `  serve: {${both}, ${all}, ${glm}, toolCallParser: glm4_moe, reasoningParser: glm4_moe}\n`,
  },
  "vllm-0.13.0-two-nodes-mp": {
    vllm: "0.13.0",
    pipeline: `  serve: {${both}, ${all}, ${glm}, toolCallParser: glm45, reasoningParser: glm45}\n`,
  },
  "vllm-0.13.0-two-nodes-ray-tensor-16": {
    vllm: "0.13.0",
    packages: "[ray]",
    pipeline: `  serve: {${both}, ${all}, executor: ray, tensorParallel: 16, pipelineParallel: 1, masterPort: 6399}\n`,
  },
  "vllm-0.13.0-experts-over-two-nodes": {
    vllm: "0.13.0",
    pipeline: `  serve: {${both}, ${all}, dataParallel: 4, tensorParallel: 4, expertParallel: true}\n`,
  },
  "vllm-0.13.0-data-parallel-one-node": {
    vllm: "0.13.0",
    pipeline: `  serve: {node: node-2, ${all}, dataParallel: 2, port: 8000}\n`,
  },
  "sglang-one-node": {
    pipeline: `  serve: {engine: sglang, gpus: [0, 1], port: 30000, ${glm}, toolCallParser: glm45, reasoningParser: glm45, args: {trust_remote_code: true}}\n`,
  },
  "sglang-two-nodes": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, port: 30000, ${glm}, toolCallParser: glm45, reasoningParser: glm45, expertParallel: true}\n`,
  },
  "sglang-replicas-router": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, port: 30000, replicas: 2, router: {port: 8080}}\n`,
  },
  "swift-deploy-3.7.1": {
    pipeline: `  serve: {engine: swift, gpus: [0, 1, 2, 3], port: 8000, ${glm}}\n`,
  },
  "swift-deploy-4.6.0-sglang": {
    swift: "4.6.0",
    pipeline: "  serve: {engine: swift, backend: sglang, gpus: [0, 1], maxModelLen: 8192, memoryFraction: 0.8}\n",
  },
  "swift-deploy-4.6.0-pt": {
    swift: "4.6.0",
    pipeline: "  serve: {engine: swift, backend: pt, gpus: [0]}\n",
  },
  "swift-infer-3.7.1-vllm-notes": {
    pipeline: `  infer: {${all}, model: /models/hf/vx-hf, data: /datasets/q.jsonl, output: /models/out/a.jsonl, temperature: 0, maxModelLen: 8192, maxTokens: 2048}\n`,
  },
  "swift-infer-3.7.1-no-thinking": {
    pipeline:
      "  infer: {gpus: [0], data: /datasets/q.jsonl, output: /models/out/a.jsonl, maxModelLen: 8192, maxTokens: 2048, enableThinking: false}\n",
  },
  "swift-infer-4.6.0-no-thinking": {
    swift: "4.6.0",
    pipeline:
      "  infer: {gpus: [0], data: /datasets/q.jsonl, output: /models/out/a.jsonl, maxModelLen: 8192, maxTokens: 2048, enableThinking: false}\n",
  },
  "swift-infer-3.7.1-vllm-two-copies": {
    pipeline: `  infer: {${all}, dataParallel: 2, data: /datasets/q.jsonl, output: /models/out/a.jsonl}\n`,
  },
  "swift-infer-4.6.0-pt-eight-processes": {
    swift: "4.6.0",
    pipeline: `  infer: {backend: pt, ${all}, dataParallel: 8, batchSize: 16, adapters: /models/lora, data: /datasets/q.jsonl, output: /models/out/a.jsonl}\n`,
  },
  "swift-infer-3.7.1-sglang": {
    pipeline:
      "  infer: {backend: sglang, gpus: [0, 1, 2, 3], dataParallel: 2, memoryFraction: 0.8, data: /datasets/q.jsonl, output: /models/out/a.jsonl}\n",
  },
};

test.each(Object.entries(cases))("%s", (name, wanted) => {
  expectGolden(`serving/${name}.sh`, rendered(load(wanted)));
});

test.each(Object.entries(cases).filter(([name]) => name.startsWith("swift-")))(
  "every option of %s is in the version's list",
  (_name, wanted) => {
    const cluster = load(wanted);
    const { serve, infer } = cluster.pipeline ?? {};
    const commands = [
      ...(serve ? serveCommands(cluster, serve, transportOf).flat() : []),
      ...(infer ? [inferCommand(cluster, infer)] : []),
    ];
    const argv = commands.flatMap(command => command.argv.slice(command.argv.indexOf("swift")));
    const known = knownArguments(`swift ${argv[1]}`, cluster.image.swift);
    expect(known?.list.arguments.size).toBeGreaterThan(100);
    const options = argv.filter(word => /^--\w/.test(word)).map(word => word.slice(2));
    expect(options.filter(name => !known?.list.arguments.has(name))).toEqual([]);
  },
);

test("every node of a server has its own VLLM_HOST_IP before ray starts", () => {
  const cluster = load(cases["vllm-0.10.0-two-nodes-ray"] ?? { pipeline: "" });
  const { serve } = cluster.pipeline ?? {};
  if (!serve) throw new Error("no serve");
  const [commands = []] = serveCommands(cluster, serve, transportOf);
  expect(commands.map(c => [c.node, c.transport.VLLM_HOST_IP, c.argv.slice(0, 3).join(" ")])).toEqual([
    ["node-1", "172.16.16.4", "python3 /opt/muster/ray_cluster.py head"],
    ["node-2", "172.16.16.3", "python3 /opt/muster/ray_cluster.py worker"],
  ]);
});

const refused: Readonly<Record<string, Case>> = {
  "node and nodes": { vllm: "0.13.0", pipeline: `  serve: {node: node-1, ${both}, ${all}}\n` },
  "a node that is no host": { vllm: "0.13.0", pipeline: `  serve: {nodes: [node-1, node-3], ${all}}\n` },
  "too few GPUs for the degrees": {
    vllm: "0.13.0",
    pipeline: `  serve: {${both}, ${all}, tensorParallel: 3, pipelineParallel: 2}\n`,
  },
  "mp before it spans nodes": { vllm: "0.10.0", pipeline: `  serve: {${both}, ${all}, executor: mp}\n` },
  "copies that do not fit a node": {
    vllm: "0.13.0",
    pipeline: `  serve: {${both}, gpus: [0, 1, 2], dataParallel: 3, tensorParallel: 2}\n`,
  },
  "SGLang data parallel over nodes": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, dataParallel: 2}\n`,
  },
  "SGLang's tp as GPUs of one node": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, tensorParallel: 8}\n`,
  },
  "replicas that do not divide, without a router": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, replicas: 3}\n`,
  },
  "a router for vLLM": { vllm: "0.13.0", pipeline: `  serve: {${both}, ${all}, router: {}}\n` },
  "swift deploy over nodes, with a parser and a key": {
    pipeline: `  serve: {engine: swift, ${both}, ${all}, toolCallParser: hermes, reasoningParser: qwen3, apiKey: {secret: chatKey}}\n`,
  },
  "swift deploy 3.7.1 with copies": { pipeline: `  serve: {engine: swift, ${all}, dataParallel: 2}\n` },
  "settings of another engine": {
    vllm: "0.13.0",
    pipeline: "  serve: {backend: pt}\n",
  },
  "an executor for SGLang": { pipeline: "  serve: {engine: sglang, executor: ray}\n" },
  "a key among the arguments": {
    vllm: "0.13.0",
    pipeline: "  serve: {args: {api-key: k, host: 0.0.0.0, tensor_parallel_size: 1}}\n",
  },
  "arguments that the version does not have": {
    pipeline:
      "  infer: {data: /q.jsonl, output: /a.jsonl, args: {max_batch_sise: 8}}\n  serve: {engine: swift, gpus: [1], args: {vllm_reasoning_parsr: qwen3}}\n",
  },
  "the old name of the length": {
    pipeline: "  infer: {data: /q.jsonl, output: /a.jsonl, args: {max_model_len: 8192}}\n",
  },
  "infer with GPUs that do not divide": {
    pipeline: "  infer: {gpus: [0, 1, 2], dataParallel: 2, data: /q.jsonl, output: /a.jsonl}\n",
  },
  "infer with pt and tensor parallelism": {
    pipeline: "  infer: {backend: pt, tensorParallel: 2, gpus: [0, 1], data: /q.jsonl, output: /a.jsonl}\n",
  },
  "infer and the server on the same GPU": {
    vllm: "0.13.0",
    pipeline: "  infer: {data: /q.jsonl, output: /a.jsonl}\n  serve: {}\n",
  },
  "ports that clash": {
    pipeline: `  serve: {engine: sglang, ${both}, ${all}, port: 20000, replicas: 1, router: {port: 2333}}\n`,
  },
};

test("each wrong setting has its clear refusal", () => {
  const texts = Object.entries(refused).map(([name, wanted]) => {
    try {
      load(wanted);
      return `## ${name}\naccepted\n`;
    } catch (error) {
      if (error instanceof ConfigErrors) return `## ${name}\n${error.message}\n`;
      throw error;
    }
  });
  expect(texts.filter(text => text.endsWith("accepted\n"))).toEqual([]);
  expectGolden("serving/refused.txt", texts.join("\n"));
});

const warned: Readonly<Record<string, Case>> = {
  "vLLM that does not bring ray": { vllm: "0.14.0", pipeline: `  serve: {${both}, ${all}, executor: ray}\n` },
  "vLLM of no known version": { pipeline: `  serve: {${both}, ${all}}\n` },
  "tensor parallelism over the network": {
    vllm: "0.13.0",
    pipeline: `  serve: {${both}, ${all}, tensorParallel: 16}\n`,
  },
};

test("what is allowed and should be known is told", () => {
  const texts = Object.entries(warned).map(
    ([name, wanted]) =>
      `## ${name}\n${load(wanted)
        .warnings.map(({ path: at, found, expected, remedy }) => `${at}: ${found}; expected ${expected}. ${remedy}`)
        .join("\n")}\n`,
  );
  expectGolden("serving/warned.txt", texts.join("\n"));
});

test("readiness is asked where the engine and version answer, with time for the weights", () => {
  expect(readyPath("vllm", "3.7.1")).toBe("/health");
  expect(["3.7.1", "3.9.3", "3.10.0", "4.6.0"].map(version => readyPath("swift", version))).toEqual([
    "/v1/models",
    "/v1/models",
    "/health",
    "/health",
  ]);
  expect(origin("fd00::1", 6060)).toBe("http://[fd00::1]:6060");
  const airBytes = 220 * 2 ** 30;
  expect([readyMinutes({}, undefined), readyMinutes({}, 0), readyMinutes({}, airBytes)]).toEqual([30, 10, 35]);
  expect(readyMinutes({ readyMinutes: 3 }, airBytes)).toBe(3);
  // Its own limit is 600 seconds, which the operator's must not run into.
  expect(engineTimeout("vllm", 35)).toEqual({ VLLM_ENGINE_READY_TIMEOUT_S: "2100" });
  expect(engineTimeout("sglang", 35)).toEqual({});
});

test("the smoke test asks what the parsers promise, and nothing else", () => {
  const names = (serve: string, smoke: string): string[] => {
    const cluster = load({ vllm: "0.13.0", pipeline: `  serve: {${serve}}\n  smoke: {${smoke}}\n` });
    const settings = cluster.pipeline?.smoke;
    if (!settings) throw new Error("no smoke");
    return exchanges(cluster, settings).map(({ name, toolCall, reasoning }) =>
      [name, toolCall, reasoning].filter(Boolean).join(" "),
    );
  };
  expect(names("", "stream: false")).toEqual(["chat"]);
  expect(names("", "")).toEqual(["chat", "chat-streamed"]);
  expect(names("toolCallParser: glm45, reasoningParser: glm45", "toolCall: report")).toEqual([
    "chat",
    "chat-streamed",
    "tool-call report",
    "tool-call-streamed report",
    "reasoning require",
  ]);
  expect(names("toolCallParser: glm45, reasoningParser: glm45", "toolCall: off, reasoning: off")).toEqual([
    "chat",
    "chat-streamed",
  ]);
});

test("a server of exported weights has the model's name, the same for every run; the smoke test asks for that", () => {
  const served = (change: (text: string) => string, run: string) => {
    const readFile = () => change(example.replace(/^ *servedModelName: .*\n/m, ""));
    const cluster = placedRun(loadCluster("glm.yaml", { readFile, hasSecret: () => true }), run);
    const { serve, smoke } = cluster.pipeline ?? {};
    if (!serve || !smoke) throw new Error("no server that is asked");
    const argv = serveCommands(cluster, serve, transportOf)[0]?.[0]?.argv ?? [];
    const folder = argv[argv.indexOf("serve") + 1];
    const plan = JSON.parse(chatArgv(cluster, smoke, "http://x", "/r.json")[5] ?? "{}");
    return {
      folder,
      name: argv[argv.indexOf("--served-model-name") + 1],
      asked: plan.model,
      answering: plan.answering,
    };
  };
  const exported = served(text => text, "0a1b2c3d");
  expect(exported.folder).toMatch(/\/0a1b2c3d$/);
  expect(exported).toMatchObject({ name: "GLM-4.5-Air", asked: "GLM-4.5-Air", answering: ["GLM-4.5-Air"] });
  expect(served(text => text, "11111111").name).toBe(exported.name);
  const own = served(text => text.replace(/^ {2}serve:\n/m, "  serve:\n    model: /models/other-hf\n"), "0a1b2c3d");
  expect(own).toMatchObject({ folder: "/models/other-hf", name: "other-hf", asked: "other-hf" });
});

test("answers go to a partial file", () => {
  const cluster = load(cases["swift-infer-3.7.1-no-thinking"] ?? { pipeline: "" });
  const { infer } = cluster.pipeline ?? {};
  if (!infer) throw new Error("no infer");
  const argv = guardedInference(inferCommand(cluster, infer), infer, { identity: "00", resultFile: "/r.json" });
  expectGolden("serving/guarded-infer.sh", renderCommand({ argv, env: {} }));
});
