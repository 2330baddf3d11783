import { hasBases, isLossScale } from "../../recipes/dialects/training";
import { ownLossScale } from "../../recipes/loss-scale/plugin";
import { readWeights } from "../../recipes/loss-scale/weights";
import type { Check, CheckRule } from "../check";

const path = ["pipeline", "train", "lossScaleFile"];

/** A file of weights of the operator's own, and the loss scale that it goes with. */
export const checkLossScaleFile: CheckRule = ({ image, pipeline, lossScaleText }) => {
  const train = pipeline?.train;
  if (!train || train.lossScaleFile === undefined || lossScaleText === undefined) return [];
  const { faults } = readWeights(lossScaleText);
  const where = train.lossScaleFile.split("/").at(-1) ?? train.lossScaleFile;
  return [
    ...faults.map(
      ({ severity, key, found, expected, remedy }): Check => ({
        code: "loss-scale-file",
        severity,
        path,
        found: `in ${where}${key === "" ? "" : `, ${JSON.stringify(key)}`}: ${found}`,
        expected,
        remedy,
      }),
    ),
    ...besideBase(image.swift, train.lossScale),
  ];
};

/** Before 3.12 a loss scale is one name; from then on the file's weights come behind a base and other kinds. */
function besideBase(version: string, scale: string | undefined): Check[] {
  if (scale === undefined || !isLossScale(version, scale)) return [];
  if (hasBases(version) && isLossScale(version, `${scale}+${ownLossScale}`, [ownLossScale])) return [];
  return [
    {
      code: "loss-scale-file",
      severity: "error",
      path: ["pipeline", "train", "lossScale"],
      found: `lossScale ${scale} and lossScaleFile`,
      expected: hasBases(version)
        ? `default, last_round or all beside a file; ms-swift ${version} chains no kinds`
        : `one of the two: ms-swift ${version} takes one loss scale`,
      remedy: hasBases(version) ? "write lossScale: last_round, or remove it" : "remove lossScale",
    },
  ];
}
