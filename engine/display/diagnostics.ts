import type { DiagnosticEvent } from "../events";
import { resourceName } from "./names";
import { printable, type Style } from "./style";

/** What the engine adds when a step failed; the step's own error says more. */
const echo = /^(?:preview|update|refresh|destroy) failed$/;
const namesShown = 5;

interface Message {
  readonly text: string;
  readonly resources: string[];
}

/** Errors, then warnings: each message once, with the resources that said it. */
export function diagnosticLines(diagnostics: readonly DiagnosticEvent[], style: Style): string[] {
  const errors = group(diagnostics.filter(each => each.severity === "error"));
  const told = errors.filter(message => !echo.test(message.text));
  const warnings = group(diagnostics.filter(each => each.severity === "warning"));
  return [
    ...section("errors", told.length > 0 ? told : errors, style, style.bad),
    ...section("warnings", warnings, style, style.change),
  ];
}

function group(diagnostics: readonly DiagnosticEvent[]): Message[] {
  const messages = new Map<string, Message>();
  for (const diagnostic of diagnostics) {
    const text = messageText(diagnostic.message);
    const message = messages.get(text) ?? { text, resources: [] };
    const resource = diagnostic.urn ? resourceTitle(diagnostic.urn) : "";
    if (resource !== "" && !message.resources.includes(resource)) message.resources.push(resource);
    messages.set(text, message);
  }
  return [...messages.values()];
}

export function messageText(message: string): string {
  return printable(message)
    .replace(/^error: /, "")
    .replace(/^1 error occurred:\n\t\* /, "")
    .replace(/^Refreshed resource is in an unhealthy state:\n\* (?!.*\n\* )/, "")
    .trimEnd();
}

function resourceTitle(urn: string): string {
  const { name, type } = resourceName(urn);
  return type === "Stack" ? name : `${name}  ${type}`;
}

function section(title: string, messages: readonly Message[], style: Style, paint: (text: string) => string): string[] {
  if (messages.length === 0) return [];
  const lines = [paint(style.strong(`${title} (${messages.length})`))];
  for (const message of messages) {
    const shown = message.resources.slice(0, namesShown);
    const more = message.resources.length - shown.length;
    lines.push(...shown.map(name => `  ${paint(name)}`));
    if (more > 0) lines.push(`  … and ${more} more`);
    const indent = message.resources.length > 0 ? "    " : "  ";
    lines.push(...message.text.split("\n").map(line => (indent + line).trimEnd()));
  }
  return lines;
}
