import * as fs from "node:fs";
import * as path from "node:path";
import type { Fault } from "./fault";

const file = path.resolve(__dirname, "../../docs/reliability.md");

/** What came of each fault when the page was written, by its name. */
export type Results = ReadonlyMap<string, string>;

export function writePage(faults: readonly Fault[], results: Results): void {
  fs.writeFileSync(file, reliabilityPage(faults, results));
}

export function readPage(): string {
  return fs.readFileSync(file, "utf8");
}

/** The results that a page shows. */
export function resultsOf(page: string): Results {
  const rows = page.split("\n").filter(line => /^\| \d/.test(line));
  return new Map(
    rows.map(row => {
      const cells = row.split(/ (?<!\\)\| /);
      return [(cells[1] ?? "").replaceAll("\\|", "|"), (cells[4] ?? "").replace(/ \|$/, "")];
    }),
  );
}

/** docs/reliability.md: every fault of the table, how it is injected, what is to come of it, and whether it did. */
export function reliabilityPage(faults: readonly Fault[], results: Results): string {
  const rows = faults.map(({ fault, injected, expected }, index) => {
    const cells = [`${index + 1}`, fault, injected, expected, results.get(fault) ?? "not run"];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  return `# Reliability

What muster does when things break, found out by breaking them. This page is made from the table of test/faults
by \`UPDATE_GOLDEN=1 ./scripts/test faults\`, which runs it and notes the results. Every CI run runs it too: one row that does not come out
as written here fails it.

Each row is a fault put on *simulated* hosts (containers with a real sshd and a real Docker engine of their own) while a small \`up\` is at
work on two of them: a folder, a text, a secret, an image, a container of it, and a job that leaves one line each time it runs. The
operator reaches the hosts through TCP relays, with a connect timeout of 3 s and signs of life every second.

The same is asked of every row once the fault is lifted. **One \`up\` converges**: files with their content, mode and owner, one running
container, each version of the job run once and none of the earlier lines lost, no temporary file and no process left behind, looked at
through the Docker daemon that runs the hosts. **The next \`up\` changes nothing**: no step, no line in the audit log, not a byte or a time
of a file, no new container.

| | fault | how it is injected | what is to come of it | result |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

Not here: what these machines cannot give. Packet loss and reordering inside a connection, InfiniBand, disks that fail under a file
system, hosts with clocks of their own (the operator's clock is moved instead, by faketime).
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
