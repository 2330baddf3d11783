import { until } from "../support/command";
import { changes, muster, up } from "./muster";
import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");

describe("what changed behind muster's back", () => {
  test("a removed container and an edited hostfile are named by preview and repaired by up; training does not run again", async () => {
    const trained = await node1.ask("cat /var/lib/muster/dev/jobs/train/job.json");
    await node1.ask("docker rm -f ms");
    await node2.ask("echo 'node-9 slots=8' >>/var/lib/muster/dev/workspace/hostfile");
    const other = await node2.ask("docker inspect -f '{{.Id}} {{.State.StartedAt}}' ms");

    const preview = await muster(["preview", "-s", "dev"]);
    expect(preview.code).toBe(0);
    expect(preview.stdout).toMatch(/dev-node-1-container/);
    expect(preview.stdout).toMatch(/dev-node-2-hostfile/);
    expect(await node1.ask("docker ps -aq --filter name=^ms$")).toBe("");

    const done = await up();
    const repaired = changes(done);
    expect(repaired).toContain("update dev-node-1-container");
    expect(repaired).toContain("update dev-node-2-hostfile");
    expect(repaired.filter(line => line.includes("train"))).toEqual([]);
    expect(await node2.inContainer("cat hostfile")).toBe("node-1 slots=2\nnode-2 slots=2");
    expect(await node2.ask("docker inspect -f '{{.Id}} {{.State.StartedAt}}' ms")).toBe(other);
    expect(await node1.inContainer("ssh node-2 hostname")).toBe("node-2");
    expect(await node1.ask("cat /var/lib/muster/dev/jobs/train/job.json")).toBe(trained);
    const again = await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--expect-no-changes", "--json"]);
    expect(again.code).toBe(0);
  });

  test("after a reboot of a host its container and sshd come back by themselves", async () => {
    const before = await node2.ask("docker inspect -f '{{.Id}}' ms");
    await node2.restart();
    const banner = await until("sshd of node-2's container answers node-1", async () => {
      const said = await node1.sh("docker exec ms ssh -o ConnectTimeout=2 node-2 hostname");
      return said.code === 0 ? said.stdout.trim() : undefined;
    });
    expect(banner).toBe("node-2");
    expect(await node2.ask("docker inspect -f '{{.Id}}' ms")).toBe(before);
    expect(await node2.inContainer("env -i bash -lc 'echo $GLOO_SOCKET_IFNAME'")).toBe("eth0");
  });
});
