import { modelNames } from "../ms-swift/model-names";
import { isAtLeast } from "../version";
import { listsOf, upstream } from "./upstream";

/** Dialects of tool calls that a version of ms-swift can train: the values of `--agent_template`. */
export function agentTemplates(version: string): readonly string[] {
  return listsOf(upstream["ms-swift"], version).lists.agentTemplates;
}

/** What a loss is computed on; from 3.12 a part of its own in front of the kind (`last_round+hermes`). */
const bases = ["default", "last_round", "all"] as const;

/**
 * Values of `--loss_scale` that a version of ms-swift takes, without chains of several kinds (4.3.1 and newer):
 * `isLossScale` knows those.
 */
export function lossScales(version: string): readonly string[] {
  const kinds = lossScaleKinds(version);
  if (!hasBases(version)) return kinds;
  return [...bases, ...kinds, ...bases.flatMap(base => kinds.map(kind => `${base}+${kind}`))];
}

/** Whether a version of ms-swift takes the value. `own`: names that a plugin adds. */
export function isLossScale(version: string, value: string, own: readonly string[] = []): boolean {
  const kinds = [...lossScaleKinds(version), ...own];
  if (!hasBases(version)) return kinds.includes(value);
  const parts = value.split("+");
  const isBased = bases.some(base => base === parts[0]);
  const chain = isBased ? parts.slice(1) : parts;
  if (chain.length === 0) return true;
  if (chain.length > 1 && !isAtLeast(version, "4.3.1")) return false;
  return chain.every(kind => kinds.includes(kind));
}

function lossScaleKinds(version: string): readonly string[] {
  // The two names of "no kind" are upstream's own placeholders.
  return listsOf(upstream["ms-swift"], version).lists.lossScales.filter(name => name !== "-" && name !== "base");
}

/** Whether base and kind are parts of their own. `last_round_with_ignore_empty_think` is gone from there on. */
export function hasBases(version: string): boolean {
  return isAtLeast(version, "3.12.0");
}

/** Dialects whose tool calls a kind of loss scale finds in the text (ms-swift, swift/…/loss_scale/config). */
const scaleDialects: Readonly<Record<string, readonly string[]>> = {
  hermes: ["hermes", "youtu", "glm4_5", "glm4_7", "glm5_1", "qwen3_coder", "qwen3_5", "hunyuan_hermes", "spark2_5"],
  react: ["react_en", "react_zh", "react_grpo"],
  alpha_umi: ["react_en", "react_zh", "react_grpo"],
  agentflan: ["react_en", "react_zh", "react_grpo"],
  qwen: ["qwen_en", "qwen_zh", "qwen_en_parallel", "qwen_zh_parallel"],
};

/**
 * The kind of the loss scale that finds nothing in texts of the dialect, so that its weights are never used; and the dialects that it
 * is for. Undefined: it fits, or its kind is of no dialect.
 */
export function misfit(
  lossScale: string,
  dialect: string,
): { readonly kind: string; readonly fits: readonly string[] } | undefined {
  const kind = lossScale.split("+").find(part => Object.hasOwn(scaleDialects, part));
  const fits = kind === undefined ? undefined : scaleDialects[kind];
  return kind === undefined || fits === undefined || fits.includes(dialect) ? undefined : { kind, fits };
}

/** The kind of loss scale that weighs a dialect's tool calls. */
export function fittingScale(dialect: string): string | undefined {
  return Object.keys(scaleDialects).find(kind => scaleDialects[kind]?.includes(dialect));
}

/**
 * The dialect that ms-swift trains when none is declared: the one of the model's template. A model is known by its type and, where
 * the models of a type differ, by the name of its folder, as ms-swift does it.
 */
export function defaultDialect(
  version: string,
  model: { readonly path: string; readonly type?: string | undefined },
): string | undefined {
  if (model.type === undefined) return undefined;
  const folder = model.path.split("/").filter(Boolean).at(-1)?.toLowerCase() ?? "";
  const { type } = modelNames(model, version);
  const wanted = [type, `${type}/${folder}`];
  const { defaultDialects } = listsOf(upstream["ms-swift"], version).lists;
  return Object.keys(defaultDialects).find(dialect =>
    wanted.some(name => name !== undefined && defaultDialects[dialect]?.includes(name)),
  );
}
