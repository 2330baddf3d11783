import { Command, InvalidArgumentError } from "commander";
import { type ToolName, toolNames } from "./results";

export interface BenchOptions {
  /** Numbers of hosts, ascending. */
  readonly hosts: readonly number[];
  readonly repeat: number;
  readonly tools: readonly ToolName[];
  /** Added to every round trip between operator and hosts; 0: none. */
  readonly latencyMs: number;
  /** Prefix of the simulated hosts in Docker. */
  readonly name: string;
  /** First three numbers of their addresses. */
  readonly subnet: string;
  readonly dockerHost: string;
  readonly keep: boolean;
  readonly json: boolean;
}

/** @throws CommanderError after it has said what is wrong */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const command = new Command("bench hosts")
    .description("The same work on simulated hosts by muster and by other tools, interleaved; SSH counted at the hosts")
    .exitOverride()
    .option("--hosts <list>", "numbers of hosts", sizes, [4, 8, 16, 32])
    .option("--repeat <count>", "repetitions of everything", whole(1), 3)
    .option("--tools <list>", `any of ${toolNames.join(", ")}`, tools, [...toolNames])
    .option(
      "--latency-ms <ms>",
      "added to every round trip, half in each direction, by a TCP relay at each host",
      whole(0),
      0,
    )
    .option("--name <prefix>", "of the simulated hosts in Docker", "bench")
    .option("--subnet <a.b.c>", "first three numbers of their addresses", "10.78.0")
    .requiredOption("--docker-host <url>", "Docker in which the images of the sandbox are")
    .option("--keep", "leave the simulated hosts for the next bench", false)
    .option("--json", "the result as one JSON object on standard output; the table then goes to standard error", false);
  return command.parse([...argv], { from: "user" }).opts<BenchOptions>();
}

function whole(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`a whole number from ${least} is expected.`);
    }
    return value;
  };
}

function sizes(text: string): number[] {
  // A mesh needs two nodes.
  return [...new Set(text.split(",").map(whole(2)))].sort((a, b) => a - b);
}

function tools(text: string): ToolName[] {
  const asked = text.split(",");
  const unknown = asked.filter(name => !toolNames.some(known => known === name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`${unknown.join(", ")}: expected any of ${toolNames.join(", ")}.`);
  return toolNames.filter(name => asked.includes(name));
}
