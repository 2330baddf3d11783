import { diagnosticLines } from "./diagnostics";
import { type PlanOptions, planTree } from "./plan-tree";
import type { RunModel } from "./run-model";
import { countLine, driftLines, outputLines } from "./summary";

export interface ReportOptions extends PlanOptions {
  readonly elapsedSeconds: number;
  /** The tree is for reviewing: a preview shows it, a run only with `--diff`. */
  readonly tree: boolean;
  readonly withoutOutputs?: boolean;
}

/** What stands at the end of a run or a preview: drift, tree, outputs, warnings and errors, counts. Parts are a blank line apart. */
export function report(model: RunModel, options: ReportOptions): string[] {
  const { style } = options;
  const parts = [
    driftLines(model, style),
    options.tree ? planTree(model, options) : [],
    options.withoutOutputs ? [] : outputLines(model, style),
    diagnosticLines(model.diagnostics, style),
    [countLine(model, options.elapsedSeconds, style)],
  ];
  return parts.filter(part => part.length > 0).flatMap((part, index) => (index === 0 ? part : ["", ...part]));
}
