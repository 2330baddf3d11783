import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Checkout } from "../faults/checkout";
import { run } from "../support/command";
import { hosts, nodes, siteFolder } from "./site";

/** What doctor told, as JSON. */
export interface Report {
  readonly code: number;
  readonly ok: boolean;
  readonly hosts: number;
  readonly answered: number;
  readonly tried: { readonly tcp: number; readonly ssh: number };
  readonly findings: readonly {
    readonly code: string;
    readonly host?: string;
    readonly severity: string;
    readonly fact: string;
    readonly why: string;
    readonly remedy: string;
  }[];
  readonly accepted: readonly { readonly code: string; readonly host?: string; readonly reason: string }[];
  readonly stderr: string;
}

/** Cluster files that doctor is asked about: one whose containers are up, and one on the same hosts that has none yet. */
export type ClusterFile = "fit" | "bare";

const image = (): string => `image:
  reference: muster-sim-train:dev
  pull: false
  swift: 3.7.1
  vllm: 0.10.0
  packages: {debs: ${path.join(siteFolder(), ".muster/sandbox/debs")}}
`;

/** These machines clamp memlock, also for containers that ask for no limit. */
const accept = `doctor:
  accept: [{finding: memlock-limited, reason: the machine that simulates the hosts clamps it}]
`;

/** The cluster that is up; doctor reads the pipeline, up only the rest. */
const cluster = (): string => `cluster: doc
inventory: ${path.join(hosts.folder, "inventory.yaml")}
${image()}container:
  name: ms
  shmSizeGib: 1
  mounts: [{host: /data/models, container: /models}, {host: /data/datasets, container: /datasets}]
slots: 2
${accept}`;

const pipeline = `pipeline:
  model: {path: /models/tiny, type: qwen2_5}
  data: {path: /datasets/tools.jsonl}
  convert: {output: /models/room/mcore, node: node-1}
  train:
    nodes: [${nodes.join(", ")}]
    output: /models/out
    iterations: 2
    globalBatchSize: 8
    microBatchSize: 1
    maxLength: 1024
    agentTemplate: hermes
  serve: {engine: vllm, node: node-2, gpus: [0], port: 6060, maxModelLen: 1024, stopForTraining: true}
`;

const bare = (): string => `cluster: bare
inventory: ${path.join(hosts.folder, "inventory.yaml")}
${image()}container: {name: nobody, shmSizeGib: 1, sshPort: 2444}
slots: 2
`;

/** Brings the cluster up once, and asks doctor about it as often as it is wanted. */
export class Clinic {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-doctor-"));
  private readonly checkout = new Checkout(this.folder, "muster", "index.js");

  async open(): Promise<void> {
    fs.writeFileSync(path.join(this.checkout.folder, "cluster.yaml"), cluster());
    fs.writeFileSync(path.join(this.checkout.folder, "Pulumi.dev.yaml"), "config:\n  muster:cluster: cluster.yaml\n");
    fs.writeFileSync(this.file("fit"), cluster() + pipeline);
    fs.writeFileSync(this.file("bare"), bare());
    const up = await this.checkout.up();
    if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
  }

  async close(): Promise<void> {
    await this.checkout.muster("destroy", "--yes", "--skip-preview");
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  file(name: ClusterFile): string {
    return path.join(this.folder, `${name}.yaml`);
  }

  /** `muster doctor --json`, through another program if one is named. */
  async ask(name: ClusterFile, through: readonly string[] = []): Promise<Report> {
    const main = path.join(__dirname, "../../dist/cli/main.js");
    const argv = [
      ...through,
      process.execPath,
      main,
      "--cwd",
      this.checkout.folder,
      "doctor",
      this.file(name),
      "--json",
    ];
    const env = { PULUMI_CONFIG_PASSPHRASE: "fault tests", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    const done = await run(argv[0] ?? "", argv.slice(1), { env, deadlineSeconds: 120 });
    if (!done.stdout.startsWith("{")) throw new Error(`doctor: exit ${done.code}\n${done.stdout}${done.stderr}`);
    return { ...(JSON.parse(done.stdout) as Omit<Report, "code" | "stderr">), code: done.code, stderr: done.stderr };
  }
}
