import { type Command, Option } from "commander";
import type { ColourChoice } from "./console";

/** Options that every verb takes, before or after its name. */
export interface CommonOptions {
  readonly stack?: string;
  readonly cwd?: string;
  readonly nonInteractive?: boolean;
  readonly color?: ColourChoice;
  readonly engine?: "embedded" | "pulumi";
  readonly debug?: boolean;
}

export function addCommonOptions(command: Command): Command {
  return command
    .option("-C, --cwd <folder>", "run as if started in this folder")
    .option("--non-interactive", "never ask")
    .addOption(new Option("--color <when>", "colours in the output").choices(["auto", "always", "never", "raw"]))
    .addOption(new Option("--engine <engine>", "who carries it out").choices(["embedded", "pulumi"]))
    .option("--debug", "show stack traces of errors");
}

export function addStackOption(command: Command): Command {
  return command.option("-s, --stack <name>", "the stack to work on; default: PULUMI_STACK, then the selected one");
}
