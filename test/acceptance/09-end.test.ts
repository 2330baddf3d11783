import { execFileSync } from "node:child_process";
import { run } from "../support/command";
import { muster, output } from "./muster";
import { SimulatedHost } from "./simulated-host";
import { checkout, dockerHost } from "./site";

const hosts = [new SimulatedHost("node-1"), new SimulatedHost("node-2")];

describe("the end", () => {
  test("destroy leaves no container, process or managed file on the hosts, and keeps the weights", async () => {
    const weights = String(await output("weights")).replace("/models/", "/data/models/");
    const before = await hosts[0]?.ask(`cd ${weights} && sha256sum * | sort`);
    const done = await muster(["destroy", "-s", "dev", "--yes"], {
      env: { MUSTER_INTERRUPT: "serve" },
    });
    expect(done.stdout + done.stderr).not.toMatch(/^errors/m);
    expect(done.code).toBe(0);
    for (const host of hosts) {
      expect(await host.ask("docker ps -aq")).toBe("");
      expect(await host.ask("find /var/lib/muster -mindepth 1 2>/dev/null || true")).toBe("");
      expect(await host.ask("docker images --format '{{.Repository}}' | grep -c ^muster/ || true")).toBe("0");
      expect(await host.ask("grep -lF MUSTER_JOB= /proc/[0-9]*/environ 2>/dev/null || true")).toBe("");
    }
    expect(await hosts[0]?.ask(`cd ${weights} && sha256sum * | sort`)).toBe(before);
  });

  test("--down leaves nothing on the machine but the image cache", async () => {
    const docker = dockerHost();
    const done = await run("./scripts/demo", ["--down"], { cwd: checkout() });
    expect(done.code).toBe(0);
    const mounts = execFileSync("cat", ["/proc/mounts"]).toString();
    expect(mounts).not.toContain(checkout());
    expect(execFileSync("ip", ["-o", "link"]).toString()).not.toMatch(/mus-sim/);
    const processes = execFileSync("ps", ["-eo", "args"]).toString();
    expect(processes.split("\n").filter(line => line.startsWith("dockerd") && line.includes(checkout()))).toEqual([]);
    const answer = await run("docker", ["-H", docker, "version"]);
    expect(answer.code).not.toBe(0);
  });
});
