import { run } from "../support/command";
import { changes, edit, muster, output, up } from "./muster";
import { SimulatedHost } from "./simulated-host";
import { checkout } from "./site";
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

  test("a third host: only it is built; the others learn of it in place; nothing restarts, nothing trains; and away again", async () => {
    const containersBefore = await containers();
    const trained = await node1.ask("cat /var/lib/muster/dev/jobs/train/job.json");
    await sandboxHosts(3);

    const added = changes(await up()).filter(line => !line.includes("node-3"));

    const node3 = new SimulatedHost("node-3");
    expect(await node3.inContainer("ssh node-1 hostname")).toBe("node-1");
    expect(await node1.inContainer("cat hostfile")).toBe("node-1 slots=2\nnode-2 slots=2\nnode-3 slots=2");
    expect(await node1.inContainer("ssh node-3 hostname")).toBe("node-3");
    const inPlace = ["node-1", "node-2"].flatMap(node =>
      ["authorized-keys", "hostfile", "known-hosts", "ssh-config"].map(file => `update dev-${node}-${file}`),
    );
    expect(added.filter(line => line.startsWith("update dev-node")).sort()).toEqual(expect.arrayContaining(inPlace));
    expect(added.filter(line => /-container|-job|-image|replace|delete|create /.test(line))).toEqual([]);
    expect(await containers()).toEqual(containersBefore);
    expect(await node1.ask("cat /var/lib/muster/dev/jobs/train/job.json")).toBe(trained);

    const forgotten = edit(".muster/sandbox/inventory.yaml", text => text.replace(/^.*name: node-3.*\n/m, ""));
    const removed = changes(await up());
    expect(removed).toContain("delete dev-node-3-container");
    expect(
      removed.filter(line => !line.includes("node-3") && /-container|-job|-image|replace|delete|create /.test(line)),
    ).toEqual([]);
    expect(await node3.ask("docker ps -aq")).toBe("");
    expect(await node3.ask("ls -A /var/lib/muster 2>/dev/null || true")).toBe("");
    expect(await node1.inContainer("cat hostfile")).toBe("node-1 slots=2\nnode-2 slots=2");
    expect(await containers()).toEqual(containersBefore);
    const again = await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--expect-no-changes", "--json"]);
    expect(again.code).toBe(0);
    forgotten();
    await sandboxHosts(2);
  });
});

/** Another number of simulated hosts, as `./scripts/demo --hosts N` makes them. */
async function sandboxHosts(count: number): Promise<void> {
  const script = `sandbox/keys "$PWD/.muster/sandbox" ${count} && sandbox/configure ${count} 2`;
  const made = await run("bash", ["-c", script], { cwd: checkout() });
  if (made.code !== 0) throw new Error(made.stderr);
  const done = await muster(["--cwd", "sandbox", "up", "-s", "dev", "--yes", "--skip-preview"]);
  if (done.code !== 0) throw new Error(done.stdout + done.stderr);
}
