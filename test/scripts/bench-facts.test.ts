import { execFileSync } from "node:child_process";
import path from "node:path";
import { findingsOf } from "../../cli/survey-findings";
import { loadCluster } from "../../config/load";
import { clusterFile } from "../../scripts/bench-facts/cluster-file";
import { flawOf, generatedHost } from "../../scripts/bench-facts/generated-host";

const hosts = 300;
const cluster = loadCluster("generated.yaml", { readFile: () => clusterFile(hosts) });
const survey = (hasFlaws: boolean) =>
  Array.from({ length: hosts }, (_, index) => generatedHost(index + 1, hosts, flawOf(index + 1, hasFlaws)));

test("hundreds of healthy hosts have no finding", () => {
  expect(findingsOf(cluster, survey(false))).toEqual([]);
});

test("each flaw among hundreds is named with its host", () => {
  const findings = findingsOf(cluster, survey(true));
  const told = findings.map(({ code, host, fact }) => `${code} ${host ?? fact}`).sort();
  expect(told).toEqual([
    "drivers-differ node-150",
    "mtu-differs node-100",
    "no-docker node-300",
    "port-taken node-250",
    "rdma-ports-differ node-50",
    "slots-above-gpus node-200",
  ]);
});

test("the bench says what it measured", () => {
  const main = path.join(__dirname, "../../dist/scripts/bench-facts/main.js");
  const said = execFileSync(process.execPath, [main, "--hosts", "100", "--flaws", "--json"], { encoding: "utf8" });
  expect(JSON.parse(said)).toMatchObject({ hosts: 100, flaws: true, findings: 2, doctorSeconds: expect.any(Number) });
});
