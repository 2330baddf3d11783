import * as path from "node:path";
import { checkCluster } from "../../config/checks";
import { loadCluster } from "../../config/load";
import { renderCommand } from "../../recipes/command";
import { toHfCommand } from "../../recipes/ms-swift/convert";
import { trainCommands } from "../../recipes/ms-swift/train";
import { expectGolden } from "../support/golden";

const cluster = loadCluster(path.join(__dirname, "..", "..", "stacks", "glm-4.5-air-swift-4.example.yaml"));

test("the example for ms-swift 4 is right, also against its model", () => {
  const glm = { layers: 46, heads: 96, keyValueHeads: 8, vocabulary: 151552, experts: 128, maxPositions: 131072 };
  expect(checkCluster(cluster, { ...glm, modelType: "glm4_moe" })).toEqual([]);
  expect(cluster.warnings).toEqual([]);
});

test("it trains from the model's own weights, and its export takes what was saved", () => {
  const { train, export: back } = cluster.pipeline ?? {};
  if (!train || !back) throw new Error("a step is missing in the example");
  const transportOf = (node: string) => ({ address: `ip-of-${node}`, env: { GLOO_SOCKET_IFNAME: "eth0" } });
  const commands = [...trainCommands(cluster, train, transportOf), toHfCommand(cluster, back)];
  const text = commands.map(command => `# ${command.node}\n${renderCommand(command)}`).join("\n");
  expectGolden("glm-4.5-air/swift-4.sh", text);
});
