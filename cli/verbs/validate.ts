import { resolve } from "node:path";
import type { Command } from "commander";
import { loadCluster } from "../../config/load";
import { clusterFileOf } from "../cluster-file";
import { printLine } from "../console";
import type { VerbTable } from "../verb";

export function addValidate(table: VerbTable, program: Command): void {
  table.add(
    program,
    "validate [file]",
    "Check a cluster file; no host is touched",
    async ({ console, args, flags, folder }) => {
      const [name] = args;
      const file = name === undefined ? clusterFileOf(folder, flags.stack, console.env) : resolve(folder, name);
      const cluster = loadCluster(file);
      const hosts = cluster.hosts.length === 1 ? "1 host" : `${cluster.hosts.length} hosts`;
      printLine(console, `${file}: cluster ${cluster.name}, ${hosts}, ${cluster.slots} slots each: no problems found`);
      return 0;
    },
  );
}
