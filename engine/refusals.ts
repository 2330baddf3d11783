import { containsUnknown, type Value, type ValueMap } from "../wire/values";
import type { Goal } from "./planner/goal";
import type { CheckFailure } from "./provider/client";

/** What is said about resources that can't be as the program wants them, in stock's words (pulumi/pulumi, 3.260). */

export const UNCONFIGURED =
  "The provider for this resource has inputs that are not known during preview.\n" +
  "This preview may not correctly represent the changes that will be applied during an update.";

export function protectedText(urn?: string): string {
  const command = urn === undefined ? "" : `, or use the command:\n\`pulumi state unprotect '${urn}'\``;
  return `as it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\`${command}`;
}

/** @param paths of the option ignoreChanges */
export function missedText(paths: readonly string[]): string {
  return `cannot ignore changes in added or removed elements of the path: ${JSON.stringify(paths.join(", "))}`;
}

export function importedText(keys: readonly string[], olds: ValueMap, news: ValueMap): string {
  const shown = (value: Value | undefined): string =>
    value === undefined || value === null ? "<nil>" : describe(value);
  return [
    "previously-imported resources that still specify an ID may not be replaced; please remove the `import` declaration from your program;",
    ...keys.map(key => `${key}: {${shown(olds[key])}} => {${shown(news[key])}}`),
  ].join("\n");
}

export function failureText(goal: Goal, news: ValueMap, { property, reason }: CheckFailure): string {
  if (property === "") return `${goal.type} resource '${goal.name}' has a problem: ${reason}`;
  const value = news[property];
  const shown = value === undefined || value === null ? "" : ` value {${describe(value)}}`;
  return `${goal.type} resource '${goal.name}': property ${property}${shown} has a problem: ${reason}`;
}

/** A value in a message; anything that may be secret or unknown is not shown. */
function describe(value: Value): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  return containsUnknown(value) ? "output<unknown>" : "...";
}
