import type { Fault } from "../faults/fault";

/** docs/reliability.md: every fault of the table, how it is injected and what is to come of it. */
export function reliabilityPage(faults: readonly Fault[]): string {
  const rows = faults.map(({ fault, injected, expected }, index) => {
    return `| ${index + 1} | ${cell(fault)} | ${cell(injected)} | ${cell(expected)} |`;
  });
  return `# Reliability

What muster does when things break, found out by breaking them. This page is made from the table of test/faults
(\`UPDATE_GOLDEN=1 npx jest --config test/jest.unit.config.js test/docs\`); \`./scripts/test faults\` runs it, and one row that does not come
out as written here fails it.

Each row is a fault put on *simulated* hosts (containers with a real sshd and a real Docker engine of their own) while a small \`up\` is at
work on two of them: a folder, a text, a secret, an image, a container of it, and a job that leaves one line each time it runs. The
operator reaches the hosts through TCP relays, with a connect timeout of 3 s and signs of life every second.

The same is asked of every row once the fault is lifted. **One \`up\` converges**: files with their content, mode and owner, one running
container, each version of the job run once and none of the earlier lines lost, no temporary file and no process left behind, looked at
through the Docker daemon that runs the hosts. **The next \`up\` changes nothing**: no step, no line in the audit log, not a byte or a time
of a file, no new container.

| | fault | how it is injected | what is to come of it |
| --- | --- | --- | --- |
${rows.join("\n")}

Not here: what these machines cannot give. Packet loss and reordering inside a connection, InfiniBand, disks that fail under a file
system, hosts with clocks of their own (the operator's clock is moved instead, by faketime).
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
