#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { addCommonOptions, addStackOption } from "./common-options";
import { type Console, processConsole } from "./console";
import { ExitWith, renderError } from "./render-error";
import { runStock, wantsStock } from "./stock-engine";
import { VerbTable } from "./verb";
import { addCancel } from "./verbs/cancel";
import { addConfig } from "./verbs/config";
import { addData } from "./verbs/data";
import { addDestroy } from "./verbs/destroy";
import { addDoctor } from "./verbs/doctor";
import { addExec } from "./verbs/exec";
import { addImport } from "./verbs/import";
import { addInit } from "./verbs/init";
import { addLogs } from "./verbs/logs";
import { addPreview } from "./verbs/preview";
import { addRefresh } from "./verbs/refresh";
import { addSchema } from "./verbs/schema";
import { addSsh } from "./verbs/ssh";
import { addStack } from "./verbs/stack";
import { addState } from "./verbs/state";
import { addStatus } from "./verbs/status";
import { addTrust } from "./verbs/trust";
import { addUp } from "./verbs/up";
import { addValidate } from "./verbs/validate";

const verbs = [
  addPreview,
  addUp,
  addRefresh,
  addDestroy,
  addImport,
  addStack,
  addState,
  addConfig,
  addCancel,
  addInit,
  addValidate,
  addSchema,
  addTrust,
  addDoctor,
  addStatus,
  addLogs,
  addSsh,
  addExec,
  addData,
];

/** All verbs, in the order of the help. */
export function program(table: VerbTable, console: Console): Command {
  const root = new Command("muster")
    .description("Declares a cluster of GPU hosts and the training pipeline on it as one reviewed change")
    .exitOverride()
    .showHelpAfterError("  fix: `muster --help` and `muster VERB --help` list what there is")
    .configureOutput({
      writeOut: text => console.out.write(text),
      writeErr: text => console.err.write(text),
    });
  addStackOption(addCommonOptions(root));
  for (const add of verbs) add(table, root);
  return root;
}

/** Runs the command line. Returns the exit code; errors have been shown. */
export async function main(argv: readonly string[], console: Console): Promise<number> {
  const table = new VerbTable(console);
  try {
    if (wantsStock(argv)) return await runStock(argv, console);
    await program(table, console).parseAsync([...argv], { from: "user" });
    return table.exitCode;
  } catch (error) {
    if (error instanceof ExitWith) return error.code;
    if (error instanceof CommanderError) return error.exitCode;
    console.err.write(`${renderError(error, argv.includes("--debug"))}\n`);
    return 1;
  }
}

if (require.main === module) {
  main(process.argv.slice(2), processConsole()).then(code => {
    process.exitCode = code;
  });
}
