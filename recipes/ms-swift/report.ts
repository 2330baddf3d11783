import type { TrainSettings } from "../../config/schema/pipeline";
import type { ReportSettings } from "../../config/schema/train-parts";
import type { TrainContext } from "./context";
import { type Row, row } from "./rows";

/** Variables in which the keys of the reports travel; they are secrets and never arguments. */
const reportKeys = { wandbApiKey: "WANDB_API_KEY", swanlabApiKey: "SWANLAB_API_KEY" } as const;

/** Which secret of the stack goes into which variable. */
export function reportSecrets(report: ReportSettings | undefined): { variable: string; secret: string }[] {
  return (["wandbApiKey", "swanlabApiKey"] as const).flatMap(field => {
    const reference = report?.[field];
    return reference ? [{ variable: reportKeys[field], secret: reference.secret }] : [];
  });
}

/** Arguments by which Megatron's trainings report. TensorBoard's records are always written before ms-swift 4. */
export function megatronReport(report: ReportSettings, train: TrainSettings, context: TrainContext): Row[] {
  const way = context.profile.reports(context.version);
  const remote = report.to.filter(place => place !== "tensorboard");
  // Before ms-swift 4 the names of wandb are SwanLab's as well.
  const hasWandb = way === "several" ? report.to.includes("wandb") : remote.length > 0;
  const hasSwanlab = way === "several" && report.to.includes("swanlab");
  const target = way === "several" ? [...report.to] : way === "one" ? remote[0] : undefined;
  return [
    row("report_to", target, "train.report.to"),
    row("wandb_project", hasWandb ? projectOf(report) : undefined, "train.report.project"),
    row("wandb_exp_name", hasWandb ? nameOf(report, train) : undefined, "train.report.name"),
    row("swanlab_project", hasSwanlab ? projectOf(report) : undefined, "train.report.project"),
    row("swanlab_exp_name", hasSwanlab ? nameOf(report, train) : undefined, "train.report.name"),
  ];
}

/** Arguments by which `swift sft` and its like report. */
export function swiftReport(report: ReportSettings, train: TrainSettings): Row[] {
  const hasSwanlab = report.to.includes("swanlab");
  return [
    row("report_to", [...report.to], "train.report.to"),
    row("run_name", nameOf(report, train), "train.report.name"),
    row("swanlab_project", hasSwanlab ? report.project : undefined, "train.report.project"),
    row("swanlab_exp_name", hasSwanlab ? nameOf(report, train) : undefined, "train.report.name"),
    row("swanlab_mode", hasSwanlab && report.offline ? "local" : undefined, "train.report.offline"),
  ];
}

/** Variables of the reports that are no secrets. */
export function reportEnvironment(report: ReportSettings | undefined): Record<string, string> {
  if (!report) return {};
  return {
    ...(report.to.includes("wandb") && report.project !== undefined && { WANDB_PROJECT: report.project }),
    ...(report.to.includes("wandb") && report.offline && { WANDB_MODE: "offline" }),
    ...(report.to.includes("swanlab") && report.offline && { SWANLAB_MODE: "local" }),
  };
}

/** wandb is on in Megatron only when it has a project and a name; this is upstream's own. */
function projectOf(report: ReportSettings): string {
  return report.project ?? "megatron-swift";
}

function nameOf(report: ReportSettings, train: TrainSettings): string {
  return report.name ?? train.output.split("/").filter(Boolean).slice(-2).join("-");
}
