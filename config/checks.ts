import type { Finding } from "../plan/finding";
import type { Check, CheckRule, ModelShape } from "./check";
import { checkArgumentRules } from "./checks/argument-rules";
import { checkConversions } from "./checks/conversions";
import { checkData } from "./checks/data";
import { checkDialect } from "./checks/dialect";
import { checkEnvironment } from "./checks/environment";
import { checkImage } from "./checks/image";
import { checkInfer } from "./checks/infer";
import { checkLossScaleFile } from "./checks/loss-scale-file";
import { checkModelType } from "./checks/model-type";
import { checkNetwork } from "./checks/network";
import { checkOptimizer } from "./checks/optimizer";
import { checkParallelism } from "./checks/parallelism";
import { checkPlacement } from "./checks/placement";
import { checkReports } from "./checks/reports";
import { checkRlhf } from "./checks/rlhf";
import { checkServing } from "./checks/serving";
import { checkServingArguments } from "./checks/serving-arguments";
import { checkServingKey } from "./checks/serving-key";
import { checkTrainingTool } from "./checks/training-tool";
import { checkUpstreamArguments, settingRefused } from "./checks/upstream-arguments";
import { formatPath } from "./problem";
import type { Cluster } from "./schema";

const rules: readonly CheckRule[] = [
  checkImage,
  checkNetwork,
  checkEnvironment,
  checkOptimizer,
  checkData,
  checkModelType,
  checkDialect,
  checkLossScaleFile,
  checkUpstreamArguments,
  checkArgumentRules,
  checkTrainingTool,
  checkRlhf,
  checkReports,
  checkConversions,
  checkParallelism,
  checkInfer,
  checkServing,
  checkServingArguments,
  checkServingKey,
];

/** Everything that settings alone can get wrong. `model`: what is known of the model's config.json adds its rules. */
export function checkCluster(cluster: Cluster, model?: ModelShape): Check[] {
  const placement = checkPlacement(cluster, model);
  // An unknown version has no profile, and the other rules ask it.
  if (placement.some(check => check.code === "swift-version")) return placement;
  const checks = [...placement, ...rules.flatMap(rule => rule(cluster, model))];
  const told = new Set(checks.filter(check => check.code !== settingRefused).map(check => formatPath(check.path)));
  return checks.filter(check => check.code !== settingRefused || !told.has(formatPath(check.path)));
}

/** A check as a finding of the plan, for rules that were only decided once the model's config.json was read. */
export function findingOf(check: Check): Finding {
  return {
    code: check.code,
    severity: check.severity,
    path: formatPath(check.path),
    fact: check.found,
    why: `expected ${check.expected}`,
    remedy: check.remedy,
  };
}
