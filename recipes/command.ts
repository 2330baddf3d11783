import { quote } from "../remote/shell";

/** What runs on one node: a program with its arguments, and the variables that it reads. */
export interface Command {
  readonly argv: readonly string[];
  /** Variables that belong to the result, such as the number of nodes. */
  readonly env: Readonly<Record<string, string>>;
}

/** A command of one node of a job. */
export interface NodeCommand extends Command {
  readonly node: string;
  /** Variables of the transport: addresses, ports, interfaces. They may change without changing the result. */
  readonly transport: Readonly<Record<string, string>>;
}

/** How a node reaches the others: its address on the data network, and NCCL's and Gloo's variables. */
export interface NodeTransport {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A command as people write it: variables, program, one option a line. For previews, docs and golden files;
 * a shell reads it back to the same words.
 */
export function renderCommand(command: Command & Partial<Pick<NodeCommand, "transport">>): string {
  const variables = Object.entries({ ...command.env, ...command.transport }).map(([k, v]) => `${k}=${quote(v)} \\\n`);
  const lines: string[] = [];
  for (const word of command.argv) {
    const startsLine = word.startsWith("--");
    const last = lines.length - 1;
    if (lines.length === 0 || startsLine) lines.push(quote(word));
    else lines[last] = `${lines[last]} ${quote(word)}`;
  }
  return `${variables.join("")}${lines.map((line, i) => (i === 0 ? line : `    ${line}`)).join(" \\\n")}\n`;
}
