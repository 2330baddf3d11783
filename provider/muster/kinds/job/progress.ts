import type { Progress } from "./inputs";

/**
 * The last step line of a training log. ms-swift prints a Python dict after the progress bar's carriage return:
 * `'iteration': '22/3000'` (Megatron, 4.6.0) or `'global_step/max_steps': '18/20'` (swift sft, 3.7.1 and 4.6.0).
 */
export function parseProgress(log: string): Progress | undefined {
  const steps = log.split(/[\r\n]+/).flatMap(line => stepOf(line) ?? []);
  const last = steps.at(-1);
  // The summary at the end repeats the last step without its loss.
  return steps.filter(step => step.step === last?.step && step.loss !== undefined).at(-1) ?? last;
}

function stepOf(line: string): Progress | undefined {
  const found = /['"](?:iteration|global_step\/max_steps)['"]:\s*['"](\d+)\/(\d+)['"]/.exec(line);
  if (!found) return undefined;
  const progress = { step: Number(found[1]), of: Number(found[2]) };
  const loss = Number(/['"](?:lm )?loss['"]:\s*['"]?(-?[0-9.]+(?:e[-+]?\d+)?)/i.exec(line)?.[1]);
  return Number.isFinite(loss) ? { ...progress, loss } : progress;
}

/** "step 3 of 20, loss 6.21" */
export function describeProgress(progress: Progress | null | undefined): string {
  if (!progress) return "no step yet";
  const loss = progress.loss === undefined ? "" : `, loss ${progress.loss.toPrecision(4)}`;
  return `step ${progress.step} of ${progress.of}${loss}`;
}
