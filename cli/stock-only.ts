import { type Command, Option } from "commander";
import { OperatorError } from "../wire/operator-error";

/** What the stock CLI (Pulumi 3.260) has and the embedded engine has not: refused by name, not as a slip of the pen. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  stack: ["change-secrets-provider", "drift", "get", "graph", "migrate", "rename", "schedule", "tag", "webhook"],
  config: ["env", "refresh"],
  state: ["get", "move", "promote", "protect", "rename", "repair", "taint", "untaint", "upgrade"],
};
const FLAGS = [
  "attach-debugger",
  "config-file",
  "ignore-protect",
  "import-file",
  "neo",
  "override-env",
  "policy-pack",
  "policy-pack-config",
  "run-program",
  "show-config",
  "show-full-output",
  "show-policy-remediations",
  "show-reads",
  "show-replacement-steps",
  "show-sames",
  "strict",
  "urns",
];
/** Only the look of stock's own output depends on them, or what it does before a run. */
const WITHOUT_EFFECT = ["skip-plugin-pre-install", "suppress-permalink", "suppress-progress"];

const WHY: Readonly<Record<string, string>> = {
  rename: "hosts know their stack by its name",
  "run-program": "refresh and destroy work from the state alone",
  "import-pending-creates":
    "what was made is taken over by `muster import TYPE NAME ID`, then forgotten as pending by `muster refresh --clear-pending-creates`",
};

/** @param parent does something by itself, too: what follows it and is no command is an error of its own */
export function addStockOnlyCommands(parent: Command): void {
  parent.allowExcessArguments().hook("preAction", (_, acting) => {
    const [word] = acting.args;
    if (acting !== parent || word === undefined) return;
    throw new OperatorError({
      summary: `unknown command '${parent.name()} ${word}'`,
      remedy: `\`muster ${parent.name()} --help\` lists what there is`,
    });
  });
  for (const name of COMMANDS[parent.name()] ?? []) {
    parent
      .command(name, { hidden: true })
      .argument("[args...]")
      .allowUnknownOption()
      .action(() => refuse(`${parent.name()} ${name}`, name));
  }
}

/** @param more further flags of this verb alone */
export function addStockOnlyFlags(command: Command, more: readonly string[] = []): void {
  for (const flag of WITHOUT_EFFECT) command.addOption(new Option(`--${flag} [value]`).hideHelp());
  for (const flag of [...FLAGS, ...more]) {
    command.addOption(new Option(`--${flag} [value]`).hideHelp()).on(`option:${flag}`, () => refuse(`--${flag}`, flag));
  }
}

function refuse(what: string, name: string): never {
  throw new OperatorError({
    summary: `${what}: the embedded engine does not support it`,
    ...(WHY[name] && { detail: WHY[name] }),
    remedy: "use --engine pulumi with the stock Pulumi CLI",
  });
}
