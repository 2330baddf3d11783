import { isOfOtherLine, modelNames, typeIn3 } from "../../recipes/ms-swift/model-names";
import { isAtLeast } from "../../recipes/version";
import type { CheckRule } from "../check";
import { brokenRules } from "./problem-at";

/** ms-swift 4 gave its models new types, and refuses those of 3 on every rank; the other way round too. */
export const checkModelType: CheckRule = ({ image, pipeline }) => {
  if (pipeline?.model.type === undefined) return [];
  const { type } = modelNames(pipeline.model, image.swift);
  if (type === undefined || !isOfOtherLine(type, image.swift)) return [];
  const is4 = isAtLeast(image.swift, "4.0.0");
  return brokenRules([
    [
      true,
      "model.type",
      "model-type",
      `model type ${type}, a name of ms-swift ${is4 ? 3 : 4}; ms-swift ${image.swift} does not have it`,
      is4 ? "the model_type of the model's config.json" : "a type of ms-swift 3",
      is4
        ? `write the model_type of ${pipeline.model.path}/config.json, and model.template: ${type}`
        : `write ${typeIn3(type) ?? "a type of ms-swift 3"}, or leave it out where the folder's name tells`,
    ],
  ]);
};
