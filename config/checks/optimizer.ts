import { defaultRates } from "../../recipes/ms-swift/default-rates";
import { isMegatron } from "../../recipes/ms-swift/start";
import type { Check, CheckRule } from "../check";
import type { TrainSettings } from "../schema/pipeline";

/** Rules of learning rate, length of the training, and recomputation. */
export const checkOptimizer: CheckRule = cluster => {
  const train = cluster.pipeline?.train;
  return train ? [...rates(train), ...duration(train), ...recompute(train)] : [];
};

function at(...fields: string[]): readonly string[] {
  return ["pipeline", "train", ...fields];
}

function rates(train: TrainSettings): Check[] {
  const checks: Check[] = [];
  const rate = train.learningRate ?? defaultRates[train.tuner].learningRate;
  const least = train.minLearningRate ?? defaultRates[train.tuner].minLearningRate;
  if (least > rate) {
    checks.push({
      code: "min-lr-above-lr",
      severity: "error",
      path: at(train.minLearningRate === undefined ? "learningRate" : "minLearningRate"),
      found: `minLearningRate ${least} above learningRate ${rate}`,
      expected: "at most the learning rate",
      remedy: `write minLearningRate: ${Number((rate / 10).toPrecision(6)).toExponential()}`,
    });
  }
  if (train.warmupFraction !== undefined && train.args.lr_warmup_iters !== undefined) {
    checks.push({
      code: "two-warmups",
      severity: "error",
      path: at("args", "lr_warmup_iters"),
      found: "warmupFraction and lr_warmup_iters",
      expected: "one of the two",
      remedy: "remove one",
    });
  }
  return checks;
}

function duration(train: TrainSettings): Check[] {
  if ((train.epochs === undefined) !== (train.iterations === undefined)) return [];
  const both = train.epochs !== undefined;
  return [
    {
      code: both ? "two-durations" : "no-duration",
      severity: "error",
      path: at(both ? "iterations" : ""),
      found: both ? "epochs and iterations" : "neither epochs nor iterations",
      expected: "one of the two",
      remedy: both ? "remove one" : "write epochs: 1",
    },
  ].map(check => ({ ...check, severity: "error", path: check.path.filter(part => part !== "") }));
}

function recompute(train: TrainSettings): Check[] {
  const settings = train.recompute;
  // Hugging Face's trainer recomputes every layer or none: nothing more is said to it.
  if (!settings || !isMegatron(train)) return [];
  const hasBoth = settings.method !== undefined && settings.layers !== undefined;
  const hasAny = settings.method !== undefined || settings.layers !== undefined;
  if (settings.granularity === "full" && !hasBoth) {
    return [
      {
        code: "recompute-incomplete",
        severity: "error",
        path: at("recompute"),
        found: "granularity full without method and layers",
        expected: "method: uniform or block, and layers",
        remedy: "write recompute: {granularity: full, method: uniform, layers: 1}",
      },
    ];
  }
  if (settings.granularity !== "full" && hasAny) {
    return [
      {
        code: "recompute-too-much",
        severity: "error",
        path: at("recompute"),
        found: `granularity ${settings.granularity} with method or layers`,
        expected: "granularity alone",
        remedy: `write recompute: {granularity: ${settings.granularity}}, or granularity: full`,
      },
    ];
  }
  return [];
}
