import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Checkout } from "../faults/checkout";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { closeHost, heal, slowHost, slowPair } from "./harms";
import { hosts, siteFolder } from "./site";

const nodes = hosts.places.map(({ name }) => name);
const jobs = "/var/lib/muster/fabric/jobs";

/** Processors that do everything at once need a wide tolerance. `pipeline`: the real ms-swift over all hosts, behind the gate. */
const clusterFile = ({ gate = true, pipeline = false, trigger = "" } = {}): string => `cluster: fabric
inventory: ${path.join(hosts.folder, "inventory.yaml")}
image:
  reference: muster-sim-train:dev
  pull: false
  packages: {debs: ${path.join(siteFolder(), ".muster/sandbox/debs")}}
  swift: 3.7.1
container:
  shmSizeGib: 1
  mounts: [{host: /data/models, container: /models}, {host: /data/datasets, container: /datasets}]
slots: 1
network:
  gate: {enabled: ${gate}, sizesMib: [2], tolerancePercent: 80, timeoutSeconds: 90${trigger && `, trigger: ${trigger}`}}
${pipeline ? training : ""}`;

const training = `pipeline:
  model: {path: /models/tiny, type: qwen2_5}
  data: {path: /datasets/tools.jsonl}
  modelscopeCache: /tmp/modelscope
  train:
    tool: swift sft
    nodes: [${nodes.join(", ")}]
    output: /models/out
    tuner: lora
    iterations: 200
    globalBatchSize: 4
    maxLength: 1024
    args: {torch_dtype: float32, bf16: false, fp16: false, dataloader_num_workers: 0, dataset_num_proc: 1, check_model: false}
    waitMinutes: 0.02 # it only has to begin; who removes the hosts ends it
`;

const cleanup = new Cleanup();
let checkout: Checkout;

const declare = (settings: Parameters<typeof clusterFile>[0] = {}): void =>
  fs.writeFileSync(path.join(checkout.folder, "cluster.yaml"), clusterFile(settings));

beforeAll(async () => {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "muster-fabric-"));
  cleanup.add(() => fs.rmSync(parent, { recursive: true, force: true }));
  checkout = new Checkout(parent, "muster", "index.js");
  fs.writeFileSync(path.join(checkout.folder, "Pulumi.dev.yaml"), "config: {'muster:cluster': cluster.yaml}\n");
  declare({ gate: false });
  await upWell();
});

// Also where a test failed, so that the next one begins with sound hosts.
afterEach(() => heal(...nodes));
afterAll(cleanup.run);

/** Which run of a job the first host has the record of. */
async function runOf(job: string): Promise<string> {
  const record = await hosts.host("node-1").ask(`cat ${jobs}/${job}/job.json 2>/dev/null || echo '{}'`);
  return (JSON.parse(record) as { incarnation?: string }).incarnation ?? "none";
}

async function fabric(): Promise<{ status: string; baseline: { busbwGBps: number } | null }> {
  const told = await checkout.muster("stack", "output", "-s", "dev", "--json");
  return (JSON.parse(told.stdout) as { fabric: Awaited<ReturnType<typeof fabric>> }).fabric;
}

async function upWell(): Promise<void> {
  const up = await checkout.up();
  if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
}

test("a slow host is named by the first gate, which has nothing to compare with but the other pairs", async () => {
  declare();
  await slowHost("node-3");
  const up = await checkout.up();
  expect(up.code).toBe(1);
  expect(up.told).toMatch(/the fabric is not fit.*node-3 is at fault: it is bad with most of the others/);
  expect(up.told).not.toMatch(/node-[124] is at fault|the way between/);
});

test("healed, the gate opens, and its speed is the baseline", async () => {
  const failed = await runOf("gate");
  await upWell();
  expect(await runOf("gate")).not.toBe(failed);
  expect(await fabric()).toMatchObject({ status: "passed", baseline: { ranks: 4, sizeMib: 2 } });
});

test("a second up runs no gate, and a preview of one that is asked for neither", async () => {
  const before = await runOf("gate");
  const again = await checkout.up({ flags: ["--expect-no-changes"] });
  expect([again.code, again.changes]).toEqual([0, []]);
  declare({ trigger: "asked-for" });
  const preview = await checkout.muster("preview");
  expect([preview.code, preview.stdout]).toEqual([0, expect.stringMatching(/fabric-fabric-gate/)]);
  expect(await runOf("gate")).toBe(before);
});

test("one slow link and a new container: the gate runs again, the baseline tells, the pair is named, no training starts", async () => {
  declare({ pipeline: true });
  const { baseline } = await fabric();
  await slowPair("node-2", "node-3");
  await hosts.host("node-4").ask("docker rm -f ms");
  const up = await checkout.up();
  expect(up.code).toBe(1);
  expect(up.told).toMatch(/the way between node-2 and node-3 is at fault.*below the baseline of/);
  expect(up.told).not.toMatch(/node-[14] is at fault|between node-[14]/);
  expect(await runOf("train")).toBe("none");
  // What is slow is not the new measure.
  expect((await fabric()).baseline).toEqual(baseline);
});

test("a host whose ports are closed is named within the gate's time, and nothing hangs", async () => {
  await closeHost("node-3");
  const up = await checkout.up();
  expect(up.code).toBe(1);
  expect(up.told).toMatch(/node-3 is at fault: it and the others do not reach each other.*timed out/);
  expect(up.told).not.toMatch(/node-[124] is at fault/);
  // It ended by itself, and not because its time was over.
  expect(await hosts.host("node-1").ask(`cut -d' ' -f1 ${jobs}/gate/done`)).toBe("completed");
  expect(await runOf("train")).toBe("none");
});

test("when all is healed up goes on: the gate opens and the training begins on all hosts", async () => {
  declare({ pipeline: true });
  const up = await checkout.up();
  expect(up.told).toMatch(/job train is running/);
  expect((await fabric()).status).toBe("passed");
  expect(await hosts.host("node-1").ask(`ls ${jobs}/train | grep -c '^rank-[0-3].pid$'`)).toBe("4");
});

test("status names the rank that is stopped, it alone, and nobody once it goes on", async () => {
  // The workers and their data loaders have RANK; of these the worker is the oldest.
  const rank3 = `for p in $(grep -lsza '^RANK=3$' /proc/[0-9]*/environ | cut -d/ -f3 | sort -n | head -n 1); do echo $p; done`;
  const node4 = hosts.host("node-4");
  const pid = await until("rank 3 runs on node-4", async () => (await node4.ask(rank3)).trim() || undefined, 240);
  const named = async () => {
    const told = await checkout.muster("status", "--json");
    const all = JSON.parse(told.stdout) as { jobs: { findings: { severity: string }[] }[] }[];
    return all.flatMap(({ jobs: own }) => own.flatMap(({ findings }) => findings));
  };
  await node4.ask(`kill -STOP ${pid}`);
  expect(await named()).toEqual([
    expect.objectContaining({ severity: "problem", kind: "stopped", host: "node-4", rank: 3, pid: Number(pid) }),
  ]);
  await node4.ask(`kill -CONT ${pid}`);
  const problems = (await named()).filter(({ severity }) => severity === "problem");
  expect(problems).toEqual([]);
});
