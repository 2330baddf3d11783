import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { exportStack, importStack } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { printLine } from "../console";
import { openProject, stackOf } from "../project";
import { openStack, type StackSession, tellingWrongPassphrase } from "../stack-session";
import { parseCount } from "../update-options";
import type { VerbCall, VerbTable } from "../verb";

interface TransferFlags {
  readonly file?: string;
  readonly showSecrets?: boolean;
  readonly force?: boolean;
  readonly version?: number;
}

export function addStackExport(table: VerbTable, stack: Command): void {
  table
    .add<TransferFlags>(stack, "export", "Print the stack's state", async call => {
      const session = await open(call);
      const state = await tellingWrongPassphrase(session.name, () =>
        exportStack(session.place(), call.flags.showSecrets === true, call.flags.version),
      );
      const text = JSON.stringify(state, null, 4);
      if (call.flags.file === undefined) printLine(call.console, text);
      else writeFileSync(resolve(call.folder, call.flags.file), `${text}\n`, { mode: 0o600 });
      return 0;
    })
    .option("--file <file>", "write it there (mode 0600)")
    .option("--show-secrets", "in plain")
    .option("--version <number>", "as a past update left it (`muster stack history`)", parseCount);
}

export function addStackImport(table: VerbTable, stack: Command): void {
  table
    .add<TransferFlags>(stack, "import", "Replace the stack's state by an exported one", async call => {
      const session = await open(call);
      const { file, force } = call.flags;
      const text = file === undefined ? await readAll(call.console.input) : readGiven(resolve(call.folder, file));
      const { setAside } = await tellingWrongPassphrase(session.name, () =>
        importStack(session.place(), { text, source: file ?? "standard input" }, force === true),
      );
      if (setAside !== undefined) call.console.err.write(`the damaged state was kept as ${setAside}\n`);
      printLine(call.console, "Import complete.");
      return 0;
    })
    .option("--file <file>", "read it from there; default: standard input")
    .option("-f, --force", "import it although it is another stack's");
}

async function open({ console, flags, folder }: VerbCall<TransferFlags>): Promise<StackSession> {
  const project = openProject(folder);
  return await openStack(project, stackOf(project, flags.stack, console.env), console.env);
}

function readGiven(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new OperatorError({
      summary: "the exported state can't be read",
      where: file,
      detail,
      remedy: "name a file that was written by: muster stack export --file FILE",
    });
  }
}
