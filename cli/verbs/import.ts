import type { Command } from "commander";
import type { Import } from "../../engine/import";
import { OperatorError } from "../../wire/operator-error";
import { addStockOnlyFlags } from "../stock-only";
import { parseBoolean, parseCount, type UpdateFlags } from "../update-options";
import { update } from "../update-verbs";
import type { VerbTable } from "../verb";

interface ImportFlags extends UpdateFlags {
  readonly parent?: string;
  readonly provider?: string;
  readonly protect?: boolean;
}

export function addImport(table: VerbTable, program: Command): void {
  const command = table
    .add<ImportFlags>(
      program,
      "import <type> <name> <id>",
      "Take an object that is there already over into the state, as it is",
      call => update("import", call, [importOf(call.args, call.flags)]),
    )
    .option("--parent <name=urn>", "its parent; default: the stack")
    .option("--provider <name=urn>", "the provider that it is read through; default: the package's own")
    .option("--protect [bool]", "protect it from deletion; default: true", parseBoolean)
    .option("--generate-code [bool]", "accepted for Pulumi's sake: no code is generated", parseBoolean)
    .option("--json", "print engine events, one JSON document a line")
    .option("--event-log <file>", "write engine events to a file, one JSON document a line")
    .option("-p, --parallel <steps>", "steps at the same time", parseCount)
    .option("-y, --yes", "do not ask")
    .option("-f, --skip-preview", "do not preview and do not ask")
    .option("--preview-only", "show what would happen, change nothing")
    .option("--suppress-outputs", "do not show the stack's outputs")
    .option("-m, --message <text>", "a note for the stack's history");
  addStockOnlyFlags(command, ["file", "from", "generate-resources", "out", "properties"]);
}

function importOf([type = "", name = "", id = ""]: readonly string[], flags: ImportFlags): Import {
  if (type.split(":").length !== 3) {
    throw new OperatorError({
      summary: `'${type}' is no type of a resource`,
      detail: "a type is package:module:Type",
      remedy: "muster import muster:index:File motd /etc/motd",
    });
  }
  return {
    type,
    name,
    id,
    protect: flags.protect ?? true,
    ...(flags.parent !== undefined && { parent: urnOf(flags.parent) }),
    ...(flags.provider !== undefined && { provider: urnOf(flags.provider) }),
  };
}

/** Pulumi wants a variable's name in front, for the code that it generates. */
function urnOf(text: string): string {
  return text.startsWith("urn:") ? text : text.slice(text.indexOf("=") + 1);
}
