import { upstream } from "../dialects/upstream";
import { isAtLeast } from "../version";

/** How a model is named to ms-swift: `--model_type` and `--template`. */
export interface ModelNames {
  readonly type?: string | undefined;
  readonly template?: string | undefined;
}

/**
 * Types of ms-swift 3 that 4 calls otherwise: its types are those of transformers, several templates share one, and which of them is
 * meant must be said (swift/model/models and swift/template/constant.py at v4.0.4 and v4.6.0).
 */
const namesIn4: Readonly<Record<string, Required<ModelNames>>> = {
  glm4_5: { type: "glm4_moe", template: "glm4_5" },
  qwen2_5: { type: "qwen2", template: "qwen2_5" },
};

/** The model's names in the words of a version of ms-swift. What the cluster file says of the template stands. */
export function modelNames({ type, template }: ModelNames, version: string): ModelNames {
  const other = type !== undefined && isAtLeast(version, "4.0.0") ? namesIn4[type] : undefined;
  return other ? { type: other.type, template: template ?? other.template } : { type, template };
}

const typesIn: Readonly<Record<3 | 4, ReadonlySet<string>>> = { 3: typesOf("3"), 4: typesOf("4") };

function typesOf(line: string): ReadonlySet<string> {
  const lists = Object.entries(upstream["ms-swift"]).filter(([version]) => version.startsWith(`${line}.`));
  const models = lists.flatMap(([, { defaultDialects }]) => Object.values(defaultDialects).flat());
  return new Set(models.map(model => model.split("/")[0] ?? model));
}

/**
 * Whether a type is one of the other line of ms-swift: its versions know it, and none of this line does. Names that no line knows
 * may be the operator's own.
 */
export function isOfOtherLine(type: string, version: string): boolean {
  const [own, other] = isAtLeast(version, "4.0.0") ? ([4, 3] as const) : ([3, 4] as const);
  return typesIn[other].has(type) && !typesIn[own].has(type);
}

/** A type of ms-swift 3 for one that 4 knows by another name; undefined if none is known. */
export function typeIn3(type: string): string | undefined {
  return Object.keys(namesIn4).find(name => namesIn4[name]?.type === type);
}
