import { fitHosts } from "../../components/fit-hosts";
import { loadCluster } from "../../config/load";
import { clusterFile } from "../../scripts/bench-facts/cluster-file";
import { generatedHost } from "../../scripts/bench-facts/generated-host";

const cluster = loadCluster("generated.yaml", { readFile: () => clusterFile(3) });
const hosts = [1, 2, 3].map(number => generatedHost(number, 3, "none"));
const second = (changes: Partial<(typeof hosts)[number]>) =>
  hosts.map(host => (host.node === "node-2" ? { ...host, ...changes } : host));

test("the plan is refused while something else holds a port of the cluster, as doctor says it", () => {
  expect(fitHosts(cluster, hosts).nodes).toHaveLength(3);
  const port = cluster.container.sshPort;
  const taken = second({ ports: { status: "present", value: [{ port, program: "nginx" }] } });
  expect(() => fitHosts(cluster, taken)).toThrow(
    new RegExp(`error node-2 container.sshPort port-taken: nginx listens on port ${port}`),
  );
  const accepted = { ...cluster, doctor: { accept: [{ finding: "port-taken", host: "node-2", reason: "it goes" }] } };
  expect(fitHosts(accepted, taken).nodes).toHaveLength(3);
});

test("the plan is refused while a file that a job reads is not there; steps of one's own may bring it", () => {
  const wheels = { ...cluster, runtime: "host" as const, python: { ...cluster.python, wheels: "/srv/wheels" } };
  const missing = second({ paths: { status: "present", value: [] } });
  const there = missing.map(host =>
    host.node === "node-2" ? host : { ...host, paths: { status: "present" as const, value: ["/srv/wheels"] } },
  );
  expect(() => fitHosts(wheels, there)).toThrow(/error node-2 python.wheels path-missing: \/srv\/wheels is not there/);
  const step = { name: "copy", run: "cp", nodes: "all" as const, rerun: "container" as const };
  expect(fitHosts({ ...wheels, steps: [step] }, there).nodes).toHaveLength(3);
});
