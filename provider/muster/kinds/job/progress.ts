import type { Progress } from "./inputs";

/**
 * The last step line of a training log. ms-swift prints a Python dict after the progress bar's carriage return:
 * `'iteration': '22/3000'` (Megatron, 4.6.0) or `'global_step/max_steps': '18/20'` (swift sft, 3.7.1 and 4.6.0).
 */
export function parseProgress(log: string): Progress | undefined {
  const step = /['"](?:iteration|global_step\/max_steps)['"]:\s*['"](\d+)\/(\d+)['"]/;
  const lines = log.split(/[\r\n]+/);
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index] ?? "";
    const found = step.exec(line);
    if (!found) continue;
    const loss = /['"](?:lm )?loss['"]:\s*['"]?(-?[0-9.]+(?:e[-+]?\d+)?|nan|inf)/i.exec(line)?.[1];
    const progress = { step: Number(found[1]), of: Number(found[2]) };
    return loss === undefined || !Number.isFinite(Number(loss)) ? progress : { ...progress, loss: Number(loss) };
  }
  return undefined;
}

/** "step 3 of 20, loss 6.21" */
export function describeProgress(progress: Progress | null | undefined): string {
  if (!progress) return "no step yet";
  const loss = progress.loss === undefined ? "" : `, loss ${progress.loss.toPrecision(4)}`;
  return `step ${progress.step} of ${progress.of}${loss}`;
}
