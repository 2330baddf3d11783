import { readFileSync } from "node:fs";
import path from "node:path";
import { wantedOf } from "../../components/wanted";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";

const example = readFileSync(path.join(__dirname, "../../stacks/dev.yaml"), "utf8");
const inventory =
  "hosts: [{name: node-1, address: 10.0.0.1}, {name: node-2, address: 10.0.0.2}]\nssh: {user: root, configFile: none}\n";
const cluster = loadCluster("stacks/dev.yaml", {
  readFile: file => (file.endsWith("inventory.yaml") ? inventory : example),
});
const portsOf = (settings: Cluster, node: string) =>
  wantedOf(settings)
    .ports(node)
    .map(({ port, path }) => `${port} ${path}`);
const pathsOf = (settings: Cluster, node: string) =>
  wantedOf(settings)
    .paths(node)
    .map(({ path, setting, mayCome }) => `${path} ${setting}${mayCome ? " or later" : ""}`);

test("ports of each node: the mesh on all, the rendezvous on the first, the server where it serves", () => {
  expect(portsOf(cluster, "node-1")).toEqual([
    "2333 container.sshPort",
    "29500 network.masterPort",
    "6060 pipeline.serve.port",
  ]);
  expect(portsOf(cluster, "node-2")).toEqual(["2333 container.sshPort"]);
  const { pipeline: _, ...bare } = cluster;
  expect(portsOf(bare, "node-1")).toEqual(["2333 container.sshPort", "29500 network.masterPort"]);
});

test("paths that nobody brings: data that has no file here, weights that no step makes", () => {
  expect(pathsOf(cluster, "node-1")).toEqual([]);
  const { pipeline } = cluster;
  if (!pipeline?.serve) throw new Error("the example serves");
  const changed: Cluster = {
    ...cluster,
    steps: [],
    pipeline: {
      ...pipeline,
      data: { path: "/models/rows.jsonl", strict: true },
      serve: { ...pipeline.serve, model: "/models/other" },
    },
  };
  expect(pathsOf(changed, "node-1")).toEqual([
    "/data/models/rows.jsonl pipeline.data.path",
    "/data/models/other pipeline.serve.model",
  ]);
  expect(pathsOf(changed, "node-2")).toEqual(["/data/models/rows.jsonl pipeline.data.path"]);
  expect(pathsOf({ ...changed, steps: cluster.steps }, "node-2")).toEqual([
    "/data/models/rows.jsonl pipeline.data.path or later",
  ]);
  const made = { ...pipeline, serve: { ...pipeline.serve, model: "/models/megatron_output/tiny-hf/x" } };
  expect(pathsOf({ ...cluster, pipeline: made }, "node-1")).toEqual([]);
});
