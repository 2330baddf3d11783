import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
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
  isLossScale,
  lossScales,
  misfit,
} from "../../recipes/dialects/training";
import { upstream } from "../../recipes/dialects/upstream";
import { expectGolden } from "../support/golden";

const swifts = ["3.7.1", "3.8.0", "3.8.3", "3.12.6", "4.0.0", "4.6.0"];
const glm = { path: "/models/ZhipuAI/GLM-4.5-Air" };

test("the versions in which dialects came and went", () => {
  const has = (name: string) => swifts.map(version => agentTemplates(version).includes(name));
  expect(has("hermes")).toEqual([true, true, true, true, true, true]);
  expect(has("glm4_5")).toEqual([false, true, true, true, true, true]);
  expect(has("glm4_0414")).toEqual([true, true, true, true, false, false]);
  expect(has("chatglm4")).toEqual([false, false, false, false, true, true]);
  // A version between two that were read is as the older one; one above all as the newest.
  expect(agentTemplates("3.7.5")).toEqual(agentTemplates("3.7.1"));
  expect(agentTemplates("9.0.0")).toEqual(agentTemplates("4.6.0"));
});

test("loss scales: one name before 3.12, base and kind from it on, chains from 4.3.1 on", () => {
  const taken = (value: string) => ["3.7.1", "3.12.6", "4.0.0", "4.6.0"].map(version => isLossScale(version, value));
  expect(taken("hermes")).toEqual([true, true, true, true]);
  expect(taken("default")).toEqual([true, true, true, true]);
  expect(taken("last_round_with_ignore_empty_think")).toEqual([true, false, false, false]);
  expect(taken("last_round+hermes")).toEqual([false, true, true, true]);
  expect(taken("last_round+hermes+ignore_empty_think")).toEqual([false, false, false, true]);
  expect(taken("last_round+")).toEqual([false, false, false, false]);
  expect(taken("base")).toEqual([false, false, false, false]);
  expect(taken("-")).toEqual([false, false, false, false]);
  expect(isLossScale("3.7.1", "mine", ["mine"])).toBe(true);
  for (const version of swifts) {
    expect(lossScales(version).filter(scale => !isLossScale(version, scale))).toEqual([]);
  }
});

test("a model's own dialect is the one of its template in that version", () => {
  expect(swifts.map(version => defaultDialect(version, { ...glm, type: "glm4_5" }))).toEqual([
    "glm4_0414",
    "glm4_5",
    "glm4_5",
    "glm4_5",
    "glm4_5",
    "glm4_5",
  ]);
  // From 4.0 on the type is config.json's, and the folder's name tells 4.5 from 4.7.
  expect(defaultDialect("4.6.0", { ...glm, type: "glm4_moe" })).toBe("glm4_5");
  expect(defaultDialect("4.6.0", { path: "/models/GLM-4.7/", type: "glm4_moe" })).toBe("glm4_7");
  expect(defaultDialect("4.6.0", { path: "/models/mine", type: "glm4_moe" })).toBeUndefined();
  expect(defaultDialect("3.7.1", glm)).toBeUndefined();
});

test("a parser is known, missing, or unsure where no version was read", () => {
  const standing = (engine: ParsingEngine, version: string | undefined, name: string) =>
    parserStanding(engine, version, "toolCallParsers", name);
  expect(["0.10.0", "0.10.1", "0.10.2"].map(version => standing("vllm", version, "glm4_moe"))).toEqual([
    "there",
    "missing",
    "missing",
  ]);
  // glm47 came somewhere between 0.13.0 and 0.17.1.
  expect(["0.13.0", "0.15.0", "0.17.1"].map(version => standing("vllm", version, "glm47"))).toEqual([
    "missing",
    "maybe",
    "there",
  ]);
  expect(standing("vllm", "0.99.0", "tomorrows")).toBe("maybe");
  expect(standing("vllm", undefined, "hermes")).toBe("there");
  expect(standing("sglang", "0.5.5", "hermes")).toBe("missing");
  expect(standing("sglang", "0.5.5", "auto")).toBe("there");
});

test("every parser of the table was seen in some version of its engine, every dialect in some version of ms-swift", () => {
  const templates = new Set(Object.values(upstream["ms-swift"]).flatMap(lists => lists.agentTemplates));
  for (const engine of ["vllm", "sglang"] as const) {
    const names = new Set(Object.values(upstream[engine]).flatMap(lists => lists.toolCallParsers));
    for (const dialect of templates) {
      const parser = toolParserFor(dialect, engine, undefined);
      if (parser !== undefined) expect([...names]).toContain(parser);
    }
    for (const name of names) expect([...templates]).toEqual(expect.arrayContaining([...dialectsOf(engine, name)]));
  }
});

test("hermes is qwen25 for SGLang, and its own name where it has come", () => {
  expect(toolParserFor("hermes", "sglang", "0.5.2")).toBe("qwen25");
  expect(readsDialect("sglang", "hermes", "hermes")).toBe(true);
  expect(parserNames("sglang", "0.5.23", "toolCallParsers")).toContain("hermes");
});

test("what weighs a dialect's calls", () => {
  expect(misfit("hermes", "hermes")).toBeUndefined();
  expect(misfit("last_round+react", "hermes")).toEqual({ kind: "react", fits: ["react_en", "react_zh", "react_grpo"] });
  expect(misfit("ignore_empty_think", "hermes")).toBeUndefined();
  expect(["hermes", "react_zh", "qwen_en", "llama3"].map(fittingScale)).toEqual(["hermes", "react", "qwen", undefined]);
});

test("the table: which parser reads which dialect, by engine and version", () => {
  const engines: [ParsingEngine, string][] = [
    ["vllm", "0.10.0"],
    ["vllm", "0.10.1"],
    ["vllm", "0.13.0"],
    ["vllm", "0.33.0"],
    ["sglang", "0.5.5"],
    ["sglang", "0.5.23"],
  ];
  const dialects = [...new Set(["3.7.1", "3.12.6", "4.6.0"].flatMap(agentTemplates))].sort();
  const rows = dialects.map(dialect => [
    dialect,
    ...engines.map(([engine, version]) => toolParserFor(dialect, engine, version) ?? "-"),
  ]);
  const head = ["dialect", ...engines.map(parts => parts.join(" "))];
  expectGolden(
    "recipes/dialects.txt",
    `${[head, ...rows]
      .map(cells =>
        cells
          .map(cell => cell.padEnd(17))
          .join("")
          .trimEnd(),
      )
      .join("\n")}\n`,
  );
});

/** The committed lists of ms-swift are what its wheels say. pip downloads three of them: some seconds. */
test("the lists are those of the published wheels", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-wheels-"));
  const run = promisify(execFile);
  const python = async (...args: string[]): Promise<string> =>
    (await run("python3", args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  try {
    const sources: string[] = [];
    for (const version of ["3.7.1", "3.12.6", "4.6.0"]) {
      const target = path.join(folder, version);
      const quiet = ["-q", "--no-deps", "--disable-pip-version-check"];
      await python("-m", "pip", "download", ...quiet, `ms-swift==${version}`, "--dest", target);
      await python(
        "-m",
        "zipfile",
        "-e",
        path.join(target, String(fs.readdirSync(target)[0])),
        path.join(target, "whole"),
      );
      sources.push(`ms-swift:${version}=${path.join(target, "whole", "swift")}`);
    }
    const script = path.join(__dirname, "..", "..", "scripts", "extract-dialects.py");
    const read = JSON.parse(await python(script, ...sources))["ms-swift"];
    expect(read).toEqual(
      Object.fromEntries(["3.7.1", "3.12.6", "4.6.0"].map(version => [version, upstream["ms-swift"][version]])),
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
