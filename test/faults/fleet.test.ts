import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { until } from "../support/command";
import { Checkout, type Up } from "./checkout";
import { expectFailure } from "./fault";
import { places, sandboxFolder, simulatedHost, siteFolder } from "./site";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-fleet-"));
const dead = ["node-7", "node-13"];
const alive = places.map(({ name }) => name).filter(name => !dead.includes(name));

/** The program of this project itself, with a cluster file of twenty hosts and no pipeline. */
function fleet(): Checkout {
  const checkout = new Checkout(folder, "muster", "index.js");
  fs.writeFileSync(
    path.join(checkout.folder, "cluster.yaml"),
    [
      "cluster: fleet",
      `inventory: ${path.join(sandboxFolder(), "inventory.yaml")}`,
      "image:",
      "  reference: muster-sim-train:dev",
      "  pull: false",
      "  swift: 3.7.1",
      `  packages: {debs: ${path.join(siteFolder(), ".muster/sandbox/debs")}}`,
      "container: {name: fleet, shmSizeGib: 1}",
      "slots: 1",
      "",
    ].join("\n"),
  );
  fs.writeFileSync(path.join(checkout.folder, "Pulumi.dev.yaml"), "config:\n  muster:cluster: cluster.yaml\n");
  return checkout;
}

const each = (nodes: readonly string[], script: string) =>
  Promise.all(nodes.map(node => simulatedHost(node).ask(script, 120)));

afterAll(async () => {
  await each(
    alive,
    "docker rm -f fleet >/dev/null 2>&1; rm -rf /var/lib/muster/fleet; docker image rm -f muster/fleet-node:latest >/dev/null 2>&1; true",
  );
  fs.rmSync(folder, { recursive: true, force: true });
});

test("two hosts of twenty are dead: up does the eighteen, names the two and fails; when they are back one up finishes", async () => {
  for (const node of dead) await simulatedHost(node).power("stop");
  let first: Up;
  const operator = fleet();
  try {
    first = await operator.up();
  } finally {
    for (const node of dead) await simulatedHost(node).power("start");
  }
  const reason = /no route to the host|no TCP connection|hung up before the login/;
  expectFailure(first, Object.fromEntries(dead.map(node => [node, reason])));
  expect(alive.filter(node => new RegExp(`${node}\\b`).test(first.toldOf(`${node} (`)))).toEqual([]);
  // sshd of each container, with the files of the mesh in it.
  const answers = await each(
    alive,
    "docker exec fleet sh -c 'grep -c slots hostfile; ssh -o ConnectTimeout=5 node-1 hostname'",
  );
  expect(answers).toEqual(alive.map(() => "20\nnode-1"));

  for (const node of dead) {
    await until(`${node} is back`, async () =>
      (await simulatedHost(node).sh("pgrep -x sshd && docker version")).code === 0 ? true : undefined,
    );
  }
  const before = await each(alive, "docker inspect -f '{{.Id}} {{.State.StartedAt}}' fleet");
  const second = await operator.up();
  expect([second.code, second.told]).toEqual([0, expect.anything()]);
  expect(await each(dead, "docker exec fleet ssh -o ConnectTimeout=5 node-1 hostname")).toEqual(
    dead.map(() => "node-1"),
  );
  // Nothing was made anew on the eighteen.
  expect(await each(alive, "docker inspect -f '{{.Id}} {{.State.StartedAt}}' fleet")).toEqual(before);

  const third = await operator.up({ flags: ["--expect-no-changes"] });
  expect([third.code, third.changes]).toEqual([0, []]);
  const destroyed = await operator.muster("destroy", "--yes", "--skip-preview");
  expect(destroyed.code).toBe(0);
  expect(await each([...alive, ...dead], "docker ps -aq; ls /var/lib/muster 2>/dev/null; true")).toEqual(
    places.map(() => ""),
  );
}, 600_000);
