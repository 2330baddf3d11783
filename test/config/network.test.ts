import * as fs from "node:fs";
import * as path from "node:path";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import type { Cluster } from "../../config/schema";

const example = path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml");
const text = fs.readFileSync(example, "utf8");

/** The example with other lines below `network`. */
function load(...lines: string[]): Cluster["network"] {
  const next = text.replace(/^ {2}rdma: auto.*$/m, lines.map(line => `  ${line}`).join("\n"));
  if (next === text) throw new Error("the example has no network.rdma");
  return loadCluster("glm.yaml", { readFile: () => next }).network;
}

function refusal(...lines: string[]): string {
  try {
    load(...lines);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.message;
    throw error;
  }
  return "accepted";
}

test("ports, GID index, address and variables, for all nodes or by their names", () => {
  expect(load("hca: [mlx5_0, 'mlx5_1:1']", "gidIndex: 3", "env: {NCCL_IB_TC: 106}")).toMatchObject({
    hca: ["mlx5_0", "mlx5_1:1"],
    gidIndex: 3,
    env: { NCCL_IB_TC: "106" },
  });
  expect(load("hca: {node-1: [mlx5_2]}", "gidIndex: {node-2: 0}", "address: {node-1: 10.0.0.1}")).toMatchObject({
    hca: { "node-1": ["mlx5_2"] },
    gidIndex: { "node-2": 0 },
    address: { "node-1": "10.0.0.1" },
  });
});

test("a node that is no host is refused: its line would do nothing", () => {
  expect(refusal("hca: {node-7: [mlx5_0]}", "gidIndex: {node-8: 3}")).toMatch(
    /network\.hca\.node-7.*no host[\s\S]*network\.gidIndex\.node-8.*no host/,
  );
});

test("a port's name is not a path, and an index not a GID", () => {
  expect(refusal("hca: [/dev/infiniband/uverbs0]")).toMatch(/network\.hca/);
  expect(refusal("gidIndex: 999")).toMatch(/network\.gidIndex/);
});
