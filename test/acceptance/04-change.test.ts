import { changes, edit, output, up } from "./muster";
import { SimulatedHost } from "./simulated-host";
import { Weights } from "./weights";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");

/** Ids and starts of the node containers. */
async function containers(): Promise<string[]> {
  return Promise.all([node1, node2].map(host => host.ask("docker inspect -f '{{.Id}} {{.State.StartedAt}}' ms")));
}

describe("change of a declared cluster", () => {
  test("another learning rate: training and what depends on it run again, the server stops first, nothing else changes", async () => {
    const containersBefore = await containers();
    const runBefore = await output("run");
    const before = await Weights.of(node1, String(await output("weights")));
    const converted = await node1.ask("find /data/models/tiny-mcore -type f -exec sha256sum {} + | sort");
    edit("stacks/dev.yaml", text => text.replace(/learningRate: \S+/, "learningRate: 1e-3"));

    const done = await up({ deadlineSeconds: 290 });

    const replaced = changes(done)
      .filter(line => line.startsWith("replace "))
      .sort();
    expect(replaced).toEqual(
      ["export", "gather", "serve", "smoke", "train"].map(step => `replace dev-pipeline-${step}-job`),
    );
    const deletions = changes(done).filter(line => line.startsWith("delete-replaced "));
    const position = (step: string) => deletions.indexOf(`delete-replaced dev-pipeline-${step}-job`);
    expect(position("serve")).toBeGreaterThanOrEqual(0);
    expect(position("serve")).toBeLessThan(position("train"));
    const others = changes(done).filter(line => !line.includes("dev-pipeline-"));
    expect(others).toEqual([]);
    expect(await containers()).toEqual(containersBefore);
    expect(await output("run")).not.toBe(runBefore);
    expect(await node1.ask("find /data/models/tiny-mcore -type f -exec sha256sum {} + | sort")).toBe(converted);
    const after = await Weights.of(node1, String(await output("weights")));
    expect(after.digest).not.toBe(before.digest);
  });
});
