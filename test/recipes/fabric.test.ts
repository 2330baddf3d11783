import { loadCluster } from "../../config/load";
import { renderCommand } from "../../recipes/command";
import { gateCommands, gateNodes } from "../../recipes/fabric";
import { expectGolden } from "../support/golden";

/** A cluster of two hosts; `network` and `pipeline` as in a cluster file. */
function cluster(rest: string, nodes = ["node-1", "node-2"]) {
  const text = `cluster: c
hosts: [${nodes.map((name, i) => `{name: ${name}, address: 10.0.0.${i + 1}}`).join(", ")}]
knownHosts: known_hosts
image: {reference: x, swift: 3.7.1, pull: false, packages: {apt: true}}
slots: 2
${rest}`;
  return loadCluster("/c.yaml", { readFile: () => text });
}

const training = (nodes: string, env = "{}") => `pipeline:
  model: {path: /models/x, type: qwen2_5}
  data: {path: /data/x.jsonl}
  train: {nodes: [${nodes}], output: /out, iterations: 1, maxLength: 128, globalBatchSize: 4, weights: /models/x-mcore, env: ${env}}
`;

const wanted = (rest: string) => gateNodes(cluster(rest));

test("a gate stands in front of a training over two nodes or more, elsewhere on request", () => {
  expect(wanted(training("node-2, node-1"))).toEqual(["node-2", "node-1"]);
  expect(wanted(training("node-1"))).toBeUndefined();
  expect(wanted("")).toBeUndefined();
  expect(wanted("network: {gate: {enabled: true}}")).toEqual(["node-1", "node-2"]);
  expect(wanted(`network: {gate: {enabled: false}}\n${training("node-1, node-2")}`)).toBeUndefined();
});

test("what runs on each node: the training's ways and ports, and nothing else of its environment", () => {
  const file = `network: {masterPort: 29600, gate: {sizesMib: [64, 8], pairs: always, timeoutSeconds: 120}}
${training("node-1, node-2", "{NCCL_IB_TC: 106, MY_OWN: 1}")}`;
  const commands = gateCommands(cluster(file), ["node-1", "node-2"], node => ({
    address: node === "node-1" ? "10.0.0.1" : "10.0.0.2",
    env: { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0" },
  }));
  expectGolden("recipes/gate.sh", commands.map(c => `# ${c.node}\n${renderCommand(c)}`).join("\n"));
});
