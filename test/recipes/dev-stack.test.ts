import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { checkCluster } from "../../config/checks";
import { loadCluster } from "../../config/load";
import { renderCommand } from "../../recipes/command";
import { checkDataset } from "../../recipes/data/check";
import { toHfCommand, toMcoreCommand } from "../../recipes/ms-swift/convert";
import { trainCommands } from "../../recipes/ms-swift/train";
import { serveCommands } from "../../recipes/serve";
import { toolFiles, toolSource } from "../../recipes/tools";
import { expectGolden } from "../support/golden";

const root = path.join(__dirname, "..", "..");
const inventory = `hosts:
  - {name: node-1, address: 10.77.0.11, port: 22, user: root}
  - {name: node-2, address: 10.77.0.12, port: 22, user: root}
ssh: {identityFile: ./id_ed25519}
knownHosts: ./known_hosts
`;
const cluster = loadCluster(path.join(root, "stacks", "dev.yaml"), {
  readFile: file => (file.endsWith("inventory.yaml") ? inventory : fs.readFileSync(file, "utf8")),
});

test("the dev stack renders its pipeline", () => {
  const { convert, train, export: back, serve } = cluster.pipeline ?? {};
  if (!convert || !train || !back || !serve) throw new Error("a step is missing in stacks/dev.yaml");
  const transportOf = (node: string) => ({
    address: node === "node-1" ? "10.77.0.11" : "10.77.0.12",
    env: { GLOO_SOCKET_IFNAME: "eth0" },
  });
  const commands = [
    toMcoreCommand(cluster, convert),
    ...trainCommands(cluster, train, transportOf),
    toHfCommand(cluster, back),
    ...serveCommands(cluster, serve, transportOf).flat(),
  ];
  expectGolden("dev/pipeline.sh", commands.map(c => `# ${c.node}\n${renderCommand(c)}`).join("\n"));
});

test("the dev stack's seed rows are right, and its tiny model fits", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-seed-"));
  const file = path.join(folder, "tools.jsonl");
  execFileSync("python3", ["-B", path.join(root, "sandbox", "images", "train", "make-dataset.py"), file, "200"]);
  const report = await checkDataset(fs.createReadStream(file));
  fs.rmSync(folder, { recursive: true });
  expect(report).toMatchObject({ rows: 200, badRows: 0, errors: [], rowsWithTools: 200 });
  expect(checkCluster(cluster, { layers: 2, heads: 2, vocabulary: 768, maxPositions: 2048 })).toEqual([]);
});

test("every tool is there, and Python reads it", () => {
  for (const name of toolFiles) {
    execFileSync("python3", ["-c", `compile(open(${JSON.stringify(toolSource(name))}).read(), "x", "exec")`]);
  }
});
