import { Command, InvalidArgumentError } from "commander";

export interface EngineBenchOptions {
  /** Numbers of resources, ascending. */
  readonly resources: readonly number[];
  readonly repeat: number;
  readonly json: boolean;
}

/** @throws CommanderError after it has said what is wrong */
export function parseOptions(argv: readonly string[]): EngineBenchOptions {
  const command = new Command("bench engine")
    .description("First and no-op `up` of trivial resources by the embedded engine, beside the stock CLI where it is")
    .exitOverride()
    .option("--resources <list>", "numbers of resources", sizes, [200, 2000])
    .option("--repeat <count>", "repetitions of everything", whole, 3)
    .option("--json", "the result as one JSON object on standard output; the table then goes to standard error", false);
  return command.parse([...argv], { from: "user" }).opts<EngineBenchOptions>();
}

function whole(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError("a whole number from 1 is expected.");
  }
  return value;
}

function sizes(text: string): number[] {
  return [...new Set(text.split(",").map(whole))].sort((a, b) => a - b);
}
