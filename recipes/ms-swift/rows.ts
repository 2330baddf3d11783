import type { ArgumentValue } from "../../config/schema/values";
import type { ArgumentMap } from "../arguments";

/** An argument that a recipe writes, and the setting of the cluster file that stands for it. */
export interface Row {
  readonly argument: string;
  /** Undefined: it is left to ms-swift. */
  readonly value: ArgumentValue | undefined;
  /** Below pipeline, such as train.learningRate. Absent: it is the recipe's own choice, which args may replace. */
  readonly setting?: string;
}

export function row(argument: string, value: ArgumentValue | undefined, setting?: string): Row {
  return { argument, value, ...(setting !== undefined && { setting }) };
}

/** The rows as arguments; of two rows for one argument the one with a value counts. */
export function argumentsOfRows(rows: readonly Row[]): ArgumentMap {
  const map: Record<string, ArgumentValue | undefined> = {};
  for (const { argument, value } of rows) if (value !== undefined || !(argument in map)) map[argument] = value;
  return map;
}
