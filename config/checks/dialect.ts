import {
  dialectsOf,
  type ParsingEngine,
  parserNames,
  parserStanding,
  readsDialect,
  toolParserFor,
} from "../../recipes/dialects/serving";
import {
  agentTemplates,
  defaultDialect,
  fittingScale,
  hasBases,
  isLossScale,
  lossScales,
  misfit,
} from "../../recipes/dialects/training";
import { vllmVersionOf } from "../../recipes/vllm/parsers";
import type { Check, CheckRule } from "../check";
import { nearest } from "../nearest";
import type { Cluster } from "../schema";

interface Server {
  readonly engine: ParsingEngine;
  readonly version: string | undefined;
  readonly toolCallParser?: string | undefined;
  readonly reasoningParser?: string | undefined;
}

/** The dialect of tool calls must be the same in training and serving, and known to both versions. */
export const checkDialect: CheckRule = cluster => {
  const { image, pipeline } = cluster;
  if (!pipeline) return [];
  const template = pipeline.train?.agentTemplate;
  const isKnown = template === undefined || agentTemplates(image.swift).includes(template);
  const dialect = template ?? defaultDialect(image.swift, pipeline.model);
  const server = serverOf(cluster);
  return [
    ...(isKnown ? [] : [unknownDialect(image.swift, template)]),
    ...lossScale(cluster, isKnown ? dialect : undefined),
    ...(server ? [...parserName(server, "toolCallParser"), ...parserName(server, "reasoningParser")] : []),
    ...(server && pipeline.train && isKnown ? sameDialect(dialect, template !== undefined, server) : []),
  ];
};

/** Undefined: nothing is served, or by something that has no parsers of its own. */
function serverOf({ image, pipeline }: Cluster): Server | undefined {
  const { serve } = pipeline ?? {};
  const engine: string | undefined = serve?.engine;
  if (!serve || (engine !== "vllm" && engine !== "sglang")) return undefined;
  const { toolCallParser, reasoningParser } = serve;
  const version = engine === "vllm" ? vllmVersionOf(image) : image.sglang;
  return { engine, version, toolCallParser, reasoningParser };
}

function unknownDialect(version: string, template: string): Check {
  const known = agentTemplates(version);
  return {
    code: "dialect-unknown",
    severity: "error",
    path: ["pipeline", "train", "agentTemplate"],
    found: `agentTemplate ${template}, which ms-swift ${version} does not have`,
    expected: `one of ${known.join(", ")}`,
    remedy:
      template === "glm4_5"
        ? "use an image with ms-swift 3.8.0 or newer, or write agentTemplate: hermes and serve.toolCallParser: hermes"
        : `write ${nearest(template, known) ?? "hermes"}`,
  };
}

function lossScale({ image, pipeline }: Cluster, dialect: string | undefined): Check[] {
  const scale = pipeline?.train?.lossScale;
  if (scale === undefined) return [];
  const path = ["pipeline", "train", "lossScale"];
  if (!isLossScale(image.swift, scale)) {
    const known = lossScales(image.swift);
    const plain = known.filter(name => !name.includes("+"));
    return [
      {
        code: "loss-scale-unknown",
        severity: "error",
        path,
        found: `lossScale ${scale}, which ms-swift ${image.swift} does not have`,
        expected: `one of ${plain.join(", ")}${hasBases(image.swift) ? ", or BASE+KIND such as last_round+hermes" : ""}`,
        remedy: `write ${renamed(image.swift, scale) ?? nearest(scale, known) ?? "default"}`,
      },
    ];
  }
  const wrong = dialect === undefined ? undefined : misfit(scale, dialect);
  if (dialect === undefined || wrong === undefined) return [];
  const fitting = fittingScale(dialect);
  return [
    {
      code: "loss-scale-misfit",
      severity: "warning",
      path,
      found: `lossScale ${scale} with tool calls in the dialect ${dialect}: it looks for marks that this dialect does not write`,
      expected: `one of ${wrong.fits.join(", ")} as agentTemplate`,
      remedy: `write ${scale.replace(wrong.kind, fitting ?? "default")}, or agentTemplate: ${wrong.fits[0]}`,
    },
  ];
}

/** Names that a version spells otherwise. */
function renamed(version: string, scale: string): string | undefined {
  const other =
    scale === "last_round_with_ignore_empty_think" ? "last_round+ignore_empty_think" : scale.split("+").at(-1);
  return other !== undefined && other !== scale && isLossScale(version, other) ? other : undefined;
}

function parserName(server: Server, field: "toolCallParser" | "reasoningParser"): Check[] {
  const { engine, version } = server;
  const parser = server[field];
  if (parser === undefined) return [];
  const kind = field === "toolCallParser" ? "toolCallParsers" : "reasoningParsers";
  const standing = parserStanding(engine, version, kind, parser);
  if (standing === "there") return [];
  const names = parserNames(engine, version, kind);
  const where = `${engine === "vllm" ? "vLLM" : "SGLang"}${version === undefined ? "" : ` ${version}`}`;
  // One name for both GLM parsers; which it is depends on vLLM's version.
  const glm = parser === "glm45" || parser === "glm4_moe" ? toolParserFor("glm4_5", engine, version) : undefined;
  const likely = glm ?? nearest(parser, names);
  return [
    {
      code: "parser-unknown",
      severity: standing === "missing" ? "error" : "warning",
      path: ["pipeline", "serve", field],
      found:
        standing === "missing"
          ? `${field} ${parser}, which ${where} does not have`
          : `${field} ${parser}, of which it is not known whether ${where} has it`,
      expected: `one of ${names.join(", ")}`,
      remedy: likely === undefined ? `remove it, or choose one of these` : `write ${likely}`,
    },
  ];
}

function sameDialect(dialect: string | undefined, isDeclared: boolean, server: Server): Check[] {
  const { engine, version, toolCallParser } = server;
  if (dialect === undefined || toolCallParser === undefined || toolCallParser === "auto") return [];
  if (readsDialect(engine, toolCallParser, dialect)) return [];
  const right = toolParserFor(dialect, engine, version);
  const other = dialectsOf(engine, toolCallParser);
  const whose = isDeclared ? dialect : `${dialect}, the model's own`;
  const safe = `train.agentTemplate: hermes and serve.toolCallParser: ${toolParserFor("hermes", engine, version) ?? "hermes"}`;
  return [
    {
      code: "dialects-differ",
      severity: "error",
      path: ["pipeline", "serve", "toolCallParser"],
      found: `training writes tool calls as ${whose}; ${engine} reads them as ${other[0] ?? toolCallParser}`,
      expected: right === undefined ? `a dialect that ${engine} can read` : `toolCallParser ${right}`,
      remedy: right === undefined ? `write ${safe}` : `write ${right}${dialect === "hermes" ? "" : `, or ${safe}`}`,
    },
  ];
}
