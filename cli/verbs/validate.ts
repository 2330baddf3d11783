import type { Command } from "commander";
import { loadCluster } from "../../config/load";
import { warn } from "../cluster-access";
import { givenClusterFile } from "../cluster-file";
import { printLine } from "../console";
import type { VerbTable } from "../verb";

export function addValidate(table: VerbTable, program: Command): void {
  table.add(program, "validate [file]", "Check a cluster file; no host is touched", async call => {
    const file = givenClusterFile(call);
    const cluster = loadCluster(file);
    warn(call.console, cluster);
    const hosts = cluster.hosts.length === 1 ? "1 host" : `${cluster.hosts.length} hosts`;
    printLine(
      call.console,
      `${file}: cluster ${cluster.name}, ${hosts}, ${cluster.slots} slots each: no problems found`,
    );
    return 0;
  });
}
