import type { Command } from "commander";
import type { Cipher } from "../../engine/secrets/passphrase";
import { stackHistory } from "../../engine/stacks";
import type { NumberedEntry } from "../../engine/state/history";
import { type ConfigEntry, configEntry } from "../config-entry";
import { isoTime, printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { openStack } from "../stack-session";
import { parseCount } from "../update-options";
import type { VerbCall, VerbTable } from "../verb";

interface HistoryFlags {
  readonly json?: boolean;
  readonly showSecrets?: boolean;
  readonly pageSize?: number;
  readonly page?: number;
}

const PAGE_SIZE = 10;

export function addStackHistory(table: VerbTable, stack: Command): void {
  table
    .add<HistoryFlags>(stack, "history", "Past updates, the newest first", history)
    .option("-j, --json", "as JSON")
    .option("--show-secrets", "the configuration's secrets in plain, with --json")
    .option("--full-dates", "accepted for Pulumi's sake: dates are always full")
    .option("--page-size <count>", `updates on a page; default: ${PAGE_SIZE}, all with --json`, parseCount)
    .option("--page <number>", "which page", parseCount);
}

async function history({ console, flags, folder }: VerbCall<HistoryFlags>): Promise<number> {
  const project = openProject(folder);
  const session = await openStack(project, stackOf(project, flags.stack, console.env), console.env);
  const all = stackHistory(project.root, session.name);
  const size = flags.pageSize ?? (flags.json && flags.page === undefined ? all.length : PAGE_SIZE);
  const start = ((flags.page ?? 1) - 1) * size;
  const entries = all.slice(start, start + size);
  if (flags.json) {
    const cipher = flags.showSecrets ? await session.cipher() : undefined;
    printLine(
      console,
      JSON.stringify(
        entries.map(entry => described(entry, cipher)),
        null,
        2,
      ),
    );
    return 0;
  }
  const rows = entries.map(entry => {
    const changes = Object.entries(entry.resourceChanges).map(([op, count]) => `${count} ${op}`);
    return [String(entry.version), isoTime(entry.endTime), entry.kind, entry.result, changes.join(", "), entry.message];
  });
  printLine(console, textTable([["VERSION", "END", "KIND", "RESULT", "CHANGES", "MESSAGE"], ...rows]));
  return 0;
}

/** In stock's shape (pulumi/pulumi pkg/cmd/pulumi/stack/stack_history.go, updateInfoJSON, 3.260). */
function described(entry: NumberedEntry, cipher: Cipher | undefined): object {
  const config: Record<string, ConfigEntry> = {};
  for (const [key, raw] of Object.entries(entry.config)) config[key] = configEntry(raw, cipher);
  const { startTime, endTime } = entry;
  return { ...entry, config, startTime: isoTime(startTime), endTime: isoTime(endTime) };
}
