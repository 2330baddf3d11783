import { resolve } from "node:path";
import type { Command } from "commander";
import { addCommonOptions, addStackOption, type CommonOptions } from "./common-options";
import type { Console } from "./console";

/** What a verb gets when it is called. */
export interface VerbCall<Flags> {
  readonly console: Console;
  /** The verb's own options and the common ones. */
  readonly flags: Flags & CommonOptions;
  readonly args: readonly string[];
  /** Absolute path of `-C`, or the current folder. */
  readonly folder: string;
}

/** Carries out a verb. Returns the exit code; 0 if it returns nothing. */
export type VerbAction<Flags> = (call: VerbCall<Flags>) => Promise<number | undefined>;

/** Lets verbs be added to a command, and keeps the exit code of the one that ran. */
export class VerbTable {
  exitCode = 0;

  constructor(private readonly console: Console) {}

  /** `usage` as commander has it: `rm <name>`. */
  add<Flags = object>(parent: Command, usage: string, description: string, action: VerbAction<Flags>): Command {
    const command = parent.command(usage).description(description);
    return this.bind(addStackOption(addCommonOptions(command)), action);
  }

  /** Makes a command with verbs below it do something by itself. */
  bind<Flags>(command: Command, action: VerbAction<Flags>): Command {
    return command.action(async () => {
      const flags = command.optsWithGlobals<Flags & CommonOptions>();
      const folder = resolve(this.console.cwd, flags.cwd ?? ".");
      const code = await action({ console: this.console, flags, args: command.args, folder });
      this.exitCode = code ?? 0;
    });
  }
}
