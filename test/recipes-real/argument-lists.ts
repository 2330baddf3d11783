import { type ArgumentShape, knownArguments, type listedVersions } from "../../recipes/ms-swift/argument-list";
import type { Line } from "./argument-parser";

/** Words that a person may write for an argument, by its shape. */
function wordsFor(shape: ArgumentShape): string[] {
  if (shape.choices) return [shape.choices[0] ?? ""];
  const type = shape.type === "list" ? (shape.items ?? "text") : shape.type;
  switch (type) {
    case "int":
      return ["2"];
    case "float":
      return ["0.5"];
    case "bool":
      return ["true"];
    case "json":
      return ['{"a": 1}'];
    default:
      return ["text"];
  }
}

/** A line for each argument of a command, as the list of its version describes it. */
export function lineForEach(command: string, version: (typeof listedVersions)[number]): Line[] {
  const known = knownArguments(command, version)?.list.arguments ?? [];
  return [...known].map(([name, shape]) => ({ command, argv: [`--${name}`, ...wordsFor(shape)] }));
}
