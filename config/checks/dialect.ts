import { profileOf } from "../../recipes/ms-swift/profile";
import { toolParserFor, vllmVersionOf } from "../../recipes/vllm/parsers";
import type { Check, CheckRule } from "../check";
import { nearest } from "../nearest";

/** The dialect of tool calls must be the same in training and serving, and known to both versions. */
export const checkDialect: CheckRule = cluster => {
  const { image, pipeline } = cluster;
  const profile = profileOf(image.swift);
  if (!pipeline || "refused" in profile) return [];
  const checks: Check[] = [];
  const { train, serve } = pipeline;
  const template = train?.agentTemplate;
  const known = profile.agentTemplates(image.swift);
  if (template !== undefined && !known.includes(template)) {
    checks.push({
      code: "dialect-unknown",
      severity: "error",
      path: ["pipeline", "train", "agentTemplate"],
      found: `agentTemplate ${template}, which ms-swift ${image.swift} does not have`,
      expected: `one of ${known.join(", ")}`,
      remedy:
        template === "glm4_5"
          ? "use an image with ms-swift 3.8.0 or newer, or write agentTemplate: hermes and serve.toolCallParser: hermes"
          : `write ${nearest(template, known) ?? "hermes"}`,
    });
  }
  const scale = train?.lossScale;
  if (scale !== undefined && !profile.lossScales.includes(scale)) {
    checks.push({
      code: "loss-scale-unknown",
      severity: "error",
      path: ["pipeline", "train", "lossScale"],
      found: `lossScale ${scale}, which ms-swift ${image.swift} does not have`,
      expected: `one of ${profile.lossScales.join(", ")}`,
      remedy: `write ${nearest(scale, profile.lossScales) ?? "default"}`,
    });
  }
  if (serve && serve.engine !== "swift") {
    const version = vllmVersionOf(image);
    checks.push(...parserName(serve.engine, serve.toolCallParser, "toolCallParser", version));
    checks.push(...parserName(serve.engine, serve.reasoningParser, "reasoningParser", version));
  }
  const isKnown = template === undefined || known.includes(template);
  if (train && isKnown && serve && serve.engine !== "swift" && serve.toolCallParser !== undefined) {
    // Without a template ms-swift takes the model's own; of GLM-4.5 before 3.8 that is the one of GLM-4-0414.
    const effective = template ?? defaultDialect(pipeline.model.type, known);
    const { engine, toolCallParser } = serve;
    checks.push(...sameDialect(effective, { engine, toolCallParser }, vllmVersionOf(image)));
  }
  return checks;
};

function defaultDialect(modelType: string | undefined, known: readonly string[]): string | undefined {
  if (modelType !== "glm4_5") return undefined;
  return known.includes("glm4_5") ? "glm4_5" : "glm4_0414";
}

function parserName(
  engine: "vllm" | "sglang",
  parser: string | undefined,
  field: "toolCallParser" | "reasoningParser",
  version: string | undefined,
): Check[] {
  if (parser !== "glm4_moe" && parser !== "glm45") return [];
  const right = toolParserFor("glm4_5", engine, version);
  if (right === parser || (engine === "vllm" && version === undefined)) return [];
  const where = engine === "vllm" ? `vLLM ${version}` : "SGLang";
  return [
    {
      code: "parser-unknown",
      severity: "error",
      path: ["pipeline", "serve", field],
      found: `${field} ${parser}, which ${where} does not have`,
      expected: `${right} (glm4_moe is the name in vLLM 0.10.0 alone)`,
      remedy: `write ${right}`,
    },
  ];
}

function sameDialect(
  dialect: string | undefined,
  serve: { readonly engine: "vllm" | "sglang"; readonly toolCallParser?: string },
  version: string | undefined,
): Check[] {
  if (dialect === undefined) return [];
  const right = toolParserFor(dialect, serve.engine, version);
  if (right === serve.toolCallParser) return [];
  return [
    {
      code: "dialects-differ",
      severity: "error",
      path: ["pipeline", "serve", "toolCallParser"],
      found: `training writes tool calls as ${dialect}, ${serve.engine} reads them as ${serve.toolCallParser}`,
      expected: right === undefined ? `a dialect that ${serve.engine} can read` : `toolCallParser ${right}`,
      remedy:
        right === undefined
          ? "write train.agentTemplate: hermes and serve.toolCallParser: hermes"
          : `write ${right}, or train.agentTemplate: hermes and serve.toolCallParser: hermes`,
    },
  ];
}
