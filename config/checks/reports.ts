import { requireProfile } from "../../recipes/ms-swift/profile";
import { isMegatron } from "../../recipes/ms-swift/start";
import type { CheckRule } from "../check";
import { brokenRules, type Rule } from "./problem-at";

/** Where a training may report, by tool and version, and that it never waits for a key at a terminal that nobody sees. */
export const checkReports: CheckRule = ({ pipeline, image }) => {
  const train = pipeline?.train;
  const report = train?.report;
  if (!train || !report) return [];
  const way = isMegatron(train) ? requireProfile(image.swift).reports(image.swift) : "several";
  const remote = report.to.filter(place => place !== "tensorboard");
  const places = [
    ["wandb", "wandbApiKey"],
    ["swanlab", "swanlabApiKey"],
  ] as const;
  return brokenRules([
    [
      way === "wandb" && report.to.includes("swanlab"),
      "train.report.to",
      "report-unknown",
      `swanlab with ${train.tool} of ms-swift ${image.swift}`,
      "wandb or tensorboard; swanlab came with 3.12",
      "write to: [wandb]",
    ],
    [
      way === "one" && remote.length > 1,
      "train.report.to",
      "report-unknown",
      `${remote.join(" and ")} with ${train.tool} of ms-swift ${image.swift}`,
      "one of the two, besides tensorboard",
      `write to: [${remote[0]}]`,
    ],
    [
      train.launcher === "deepspeed" && remote.length > 0 && !report.offline,
      "train.report",
      "report-with-deepspeed",
      `${remote.join(" and ")} with launcher deepspeed, which gives the ranks no secrets`,
      "torchrun, or offline: true",
      "remove launcher, or write offline: true and send the records later (wandb sync, swanlab sync)",
    ],
    ...places.flatMap(([place, field]): Rule[] => [
      [
        report.to.includes(place) && report[field] === undefined && !report.offline,
        "train.report",
        "report-without-key",
        `${place} without ${field}`,
        `${field}: {secret: NAME}, or offline: true; without either ${place} asks for a key at a terminal that nobody sees`,
        `write ${field}: {secret: ${field}}, then muster config set --secret ${field}`,
      ],
      [
        !report.to.includes(place) && report[field] !== undefined,
        `train.report.${field}`,
        "key-without-report",
        `${field}, and no ${place} in to`,
        "a key that is used",
        `add ${place} to report.to, or remove ${field}`,
      ],
    ]),
  ]);
};
