import { Command, InvalidArgumentError } from "commander";
import { findingsOf } from "../../cli/survey-findings";
import { fitHosts } from "../../components/fit-hosts";
import { loadCluster } from "../../config/load";
import { networkFactsOf } from "../../plan/known-facts";
import { planNetwork } from "../../plan/network";
import { networkTable } from "../../plan/network-table";
import { clusterFile } from "./cluster-file";
import { flawOf, generatedHost } from "./generated-host";

/** What one run needed. Hosts are GENERATED: nothing is asked. */
interface Measured {
  readonly hosts: number;
  readonly flaws: boolean;
  readonly findings: number;
  readonly factsMib: number;
  readonly planSeconds: number;
  readonly previewSeconds: number;
  readonly doctorSeconds: number;
  /** Of the whole process, with the generated facts in it. */
  readonly peakMib: number;
}

/** Plan, preview's judgement and doctor's analysis over facts of many hosts. */
function measure(hosts: number, flaws: boolean): Measured {
  const cluster = loadCluster("generated.yaml", { readFile: () => clusterFile(hosts) });
  const numbers = Array.from({ length: hosts }, (_, index) => index + 1);
  const surveyed = numbers.map(number => generatedHost(number, hosts, flawOf(number, flaws)));
  const factsMib = JSON.stringify(surveyed.map(host => host.facts)).length / 2 ** 20;
  const began = performance.now();
  const plan = planNetwork(networkFactsOf(surveyed), cluster.network);
  const table = networkTable(plan);
  const planned = performance.now();
  const healthy = flaws ? surveyed.filter((_, index) => flawOf(index + 1, flaws) === "none") : surveyed;
  const isWhole = fitHosts(cluster, healthy).nodes.length === healthy.length;
  const judged = performance.now();
  const findings = findingsOf(cluster, surveyed);
  const ended = performance.now();
  if (table.length !== hosts || !isWhole) throw new Error("the plan does not have all hosts");
  return {
    hosts,
    flaws,
    findings: findings.length,
    factsMib,
    planSeconds: (planned - began) / 1000,
    previewSeconds: (judged - planned) / 1000,
    doctorSeconds: (ended - judged) / 1000,
    peakMib: process.resourceUsage().maxRSS / 1024,
  };
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2 || value > 5000)
    throw new InvalidArgumentError("a whole number from 2 to 5000");
  return value;
}

function main(): void {
  const command = new Command("bench facts")
    .description("Network plan, preview's judgement and doctor's analysis over the facts of many GENERATED hosts")
    .option("--hosts <count>", "number of hosts", whole, 500)
    .option("--flaws", "every 50th host has something wrong", false)
    .option("--json", "as one JSON object", false);
  const { hosts, flaws, json } = command.parse().opts<{ hosts: number; flaws: boolean; json: boolean }>();
  const found = measure(hosts, flaws);
  if (json) {
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const seconds = (value: number): string => `${value.toFixed(3)} s`;
  process.stdout.write(
    [
      `${found.hosts} GENERATED hosts${flaws ? ", every 50th with something wrong" : ""}; ${found.factsMib.toFixed(1)} MiB of facts as JSON`,
      `network plan and its table  ${seconds(found.planSeconds)}`,
      `preview's judgement         ${seconds(found.previewSeconds)}`,
      `doctor's analysis           ${seconds(found.doctorSeconds)}  ${found.findings} findings`,
      `peak of the whole process   ${Math.round(found.peakMib)} MiB`,
      "",
    ].join("\n"),
  );
}

main();
