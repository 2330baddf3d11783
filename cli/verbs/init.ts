import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Command } from "commander";
import { OperatorError } from "../../wire/operator-error";
import { printLine } from "../console";
import type { VerbTable } from "../verb";

/** The shortest cluster file that is complete: two hosts, no pipeline. */
export function starterFile(cluster: string): string {
  return `# Checked by \`muster validate\`; every field: docs/reference and \`muster schema\`.
cluster: ${cluster}
hosts:
  - {name: node-1, address: 10.0.0.1}
  - {name: node-2, address: 10.0.0.2}
ssh: {user: root, identityFile: ~/.ssh/id_ed25519}
knownHosts: ${cluster}.known_hosts # written by \`muster trust\`, reviewed in git
image: {reference: registry.example.com/train:1.0, swift: 3.7.1}
container: {shmSizeGib: 64}
slots: 8 # GPUs of a node that jobs may use
`;
}

export function addInit(table: VerbTable, program: Command): void {
  table.add(program, "init [file]", "Write a cluster file to start from", async ({ console, args, folder }) => {
    const file = resolve(folder, args[0] ?? "stacks/prod.yaml");
    if (existsSync(file)) {
      throw new OperatorError({
        summary: "the file is there already",
        where: file,
        remedy: "name another: muster init stacks/NAME.yaml",
      });
    }
    const cluster = basename(file).replace(/\.ya?ml$/, "");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, starterFile(cluster), { flag: "wx" });
    printLine(console, `${file} written. Put in your hosts, then:`);
    printLine(console, `  muster validate ${args[0] ?? "stacks/prod.yaml"}`);
    printLine(console, `  muster stack init ${cluster}`);
    printLine(console, `  muster config set -s ${cluster} muster:cluster ${args[0] ?? "stacks/prod.yaml"}`);
    printLine(console, `  muster trust -s ${cluster} && muster doctor -s ${cluster} && muster up -s ${cluster}`);
    return 0;
  });
}
