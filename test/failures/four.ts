import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { checkout } from "../acceptance/site";
import { HostSet, source } from "../support/host-set";

/** Two hosts beside the demo's, on the same Docker: their training image has ms-swift 4.6.0. */
export const hosts = new HostSet({
  stack: "four",
  prefix: "four",
  subnet: "10.80.0",
  hosts: 2,
  gpus: 2,
  site: checkout,
});

/** Builds the image if need be, and makes the hosts. */
export function raise(): void {
  const build = path.join(source, "sandbox/images/build-on-train");
  execFileSync(build, ["train-4", "--images", hosts.siteImages], { stdio: "inherit" });
  hosts.raise(path.join(source, ".muster/sandbox/train-4.env"));
}

/** Where a run's checkpoints are on the hosts. */
export const runs = "/data/models/out/tiny";

export interface Variant {
  /** Lines below `train:`. */
  readonly train?: string;
  /** Lines below `pipeline:`. */
  readonly steps?: string;
}

/** The main job with ms-swift 4: nothing is converted before the training. */
export function clusterFile({ train = "", steps = "" }: Variant = {}): string {
  const debs = /^DEBS=(.*)$/m.exec(fs.readFileSync(hosts.siteImages, "utf8"))?.[1];
  return `cluster: four
inventory: ${path.join(hosts.folder, "inventory.yaml")}
image:
  reference: muster-sim-train-4:dev # real ms-swift 4.6.0; what needs CUDA is simulated
  pull: false
  packages: {debs: ${debs}}
  swift: 4.6.0
  vllm: 0.10.0
container:
  name: ms
  shmSizeGib: 1
  mounts: [{host: /data/models, container: /models}]
slots: 2
pipeline:
  model: {path: /models/tiny, type: qwen2, template: qwen2_5}
  data: {file: rows.jsonl, path: /var/lib/muster/data/rows.jsonl}
  modelscopeCache: /tmp/modelscope
  train:
    nodes: [node-1, node-2]
    output: /models/out/tiny
    learningRate: 2e-3
    minLearningRate: 2e-4
    iterations: 8
    globalBatchSize: 16
    microBatchSize: 4
    maxLength: 1024
    agentTemplate: hermes
    lossScale: default+hermes
    saveEverySteps: 4
    logEverySteps: 1
    args:
      torch_dtype: bfloat16
      dataloader_num_workers: 0
    waitMinutes: 20
${train}${steps}  export: {output: /models/out/tiny-hf}
  serve:
    engine: vllm
    node: node-1
    gpus: [0]
    port: 6060
    servedModelName: tiny
    maxModelLen: 1024
    toolCallParser: hermes
    stopForTraining: true
    readyMinutes: 5
  smoke: {maxTokens: 24, temperature: 0, toolCall: report}
`;
}
