import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import { renderCommand } from "../../recipes/command";
import { doubtOf, faultOf } from "../../recipes/loss-scale/pattern";
import { lossScalePlugin, pluginText } from "../../recipes/loss-scale/plugin";
import { readWeights } from "../../recipes/loss-scale/weights";
import { trainCommands } from "../../recipes/ms-swift/train";
import { expectGolden } from "../support/golden";

const example = fs.readFileSync(path.join(__dirname, "../../stacks/glm-4.5-air.example.yaml"), "utf8");
/** The weights of the notes. */
const react = `{
    "Action:": [2.0, 2.0],
    "Action Input:": [2.0, 2.0],
    "Thought:": [1.0, 1.0],
    "Final Answer:": [1.0, 1.0],
    "Observation:": [2.0, 0.0]
}
`;

function load(weights: string, more = "") {
  const text = example.replace("    lossScale: hermes\n", `    lossScaleFile: weights.json\n${more}`);
  return loadCluster("glm.yaml", { readFile: name => (name.endsWith("weights.json") ? weights : text) });
}

function refusal(weights: string, more = ""): string {
  try {
    const { warnings } = load(weights, more);
    return warnings.map(({ found, remedy }) => `warning: found ${found}\n  remedy: ${remedy}\n`).join("");
  } catch (error) {
    if (error instanceof ConfigErrors) return `${error.message}\n`;
    throw error;
  }
}

const files: Readonly<Record<string, string>> = {
  "no JSON": "{",
  "a list": "[]",
  "a number alone": '{"Action:": 2.0}',
  "three numbers": '{"Next:": [2, 0, 2.0]}',
  "a weight below zero": '{"Action:": [2.0, -1]}',
  "the file of agentflan": '{"response": {"Name:": [1.0, 3.0]}, "query": {}}',
  "marks and a regex": '{"Action:": [2.0, 2.0], "<tool_call>.+?</tool_call>": [2.0]}',
  "a regex with a bracket": '{"(Action": [2.0]}',
  "a regex with a group": '{"<(a|b)>": [2.0]}',
  "a regex that finds nothing": '{"x*": [2.0]}',
  "a regex of a newer Python": '{"a*+b": [2.0]}',
};

test("each file that ms-swift could not use is refused or warned of, with the entry", () => {
  expectGolden(
    "recipes/loss-scale-files.txt",
    Object.entries(files)
      .map(([name, text]) => `## ${name}\n${refusal(text)}`)
      .join("\n"),
  );
  expect(refusal(react)).toBe("");
  expect(refusal('{"<tool_call>.+?</tool_call>": [2.0]}')).toBe("");
});

test("a second loss scale beside the file is refused before 3.12", () => {
  expect(refusal(react, "    lossScale: last_round\n")).toMatch(/found lossScale last_round and lossScaleFile/);
});

test("the plugin and the command", () => {
  const cluster = load(react);
  const train = cluster.pipeline?.train;
  if (!train) throw new Error("no training");
  const plugin = lossScalePlugin(cluster);
  const [command] = trainCommands(cluster, train, () => ({ address: "10.0.0.1", env: {} }));
  if (!plugin || !command) throw new Error("no plugin");
  expect(plugin.files.map(file => file.path)).toEqual([
    expect.stringMatching(/^\/var\/lib\/muster\/data\/muster_loss_scale_[0-9a-f]{12}\.json$/),
    expect.stringMatching(/^\/var\/lib\/muster\/data\/muster_loss_scale_[0-9a-f]{12}\.py$/),
  ]);
  expect(plugin.files[0]?.content).toBe(react);
  expectGolden("recipes/loss-scale-train.sh", renderCommand(command));
  expectGolden("recipes/loss-scale-plugin-3.7.1.py", pluginText("3.7.1", "/var/lib/muster/data/weights.json"));
  expectGolden("recipes/loss-scale-plugin-4.6.0.py", pluginText("4.6.0", "/var/lib/muster/data/weights.json"));
  const named = { ...train, args: { ...train.args, external_plugins: ["/mine.py"] } };
  const both = lossScalePlugin({ ...cluster, pipeline: { ...cluster.pipeline, model: { path: "/m" }, train: named } });
  expect(both?.arguments.external_plugins).toEqual(["/mine.py", plugin.files[1]?.path]);
});

test("other weights are another training; a base goes in front from 3.12 on", () => {
  const names = [react, react.replace("2.0", "3.0")].map(text => lossScalePlugin(load(text))?.files[0]?.path);
  expect(names[0]).not.toBe(names[1]);
  const cluster = load(react);
  const train = cluster.pipeline?.train;
  if (!train) throw new Error("no training");
  const scale = (swift: string, lossScale?: string) =>
    lossScalePlugin({
      ...cluster,
      image: { ...cluster.image, swift },
      pipeline: { ...cluster.pipeline, model: { path: "/m" }, train: { ...train, lossScale } },
    })?.arguments.loss_scale;
  expect([scale("3.7.1"), scale("3.12.6", "last_round"), scale("4.6.0", "all"), scale("4.6.0")]).toEqual([
    "muster",
    "last_round+muster",
    "all+muster",
    "muster",
  ]);
});

test("the plugin adds the name, with its weights, to a package that is as ms-swift's", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-plugin-"));
  try {
    const weights = path.join(folder, "weights.json");
    fs.writeFileSync(weights, react);
    // *Simulated*: classes that read their weights as LossScale of both lines does, by a join with the package's folder.
    const base = (name: string): string =>
      `import json, os\nloss_scale_map = {}\nclass ${name}:\n  loss_scale_config = None\n  def __init__(self):\n` +
      "    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'config', self.loss_scale_config)) as file:\n" +
      "      self.loss_scale_map = json.load(file)\n";
    const packages: Readonly<Record<string, readonly [string, string]>> = {
      "3.7.1": ["swift/plugin/loss_scale/loss_scale.py", base("REACTLossScale")],
      "4.6.0": ["swift/loss_scale/__init__.py", base("ConfigLossScale")],
    };
    for (const [version, [file, text]] of Object.entries(packages)) {
      const root = path.join(folder, version);
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), text);
      fs.writeFileSync(path.join(root, "muster_loss_scale.py"), pluginText(version, weights));
      const module = file.replace(/(\/__init__)?\.py$/, "").replaceAll("/", ".");
      const script = `import json, muster_loss_scale, ${module} as m\nprint(json.dumps(m.loss_scale_map["muster"]().loss_scale_map))`;
      const { stdout, stderr } = spawnSync("python3", ["-c", script], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, PYTHONPATH: root },
      });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual(JSON.parse(react));
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test("what is surely wrong with a regex is wrong for Python too, and what is right is not refused", () => {
  const piece = fc.constantFrom(
    "a",
    "\\d",
    "[a-z]",
    "[^]]",
    "(?:",
    ")",
    "(",
    "[",
    "*",
    "+?",
    "|",
    "\\",
    ".",
    "(?=",
    "{2}",
  );
  const patterns = fc.sample(
    fc.array(piece, { maxLength: 6 }).map(parts => parts.join("")),
    { numRuns: 400, seed: 7 },
  );
  const script =
    "import json, re, sys\ndef good(p):\n  try: return re.compile(p).groups == 0\n  except re.error: return False\n" +
    "print(json.dumps([good(p) for p in json.load(sys.stdin)]))";
  const { stdout } = spawnSync("python3", ["-W", "ignore", "-c", script], {
    input: JSON.stringify(patterns),
    encoding: "utf8",
  });
  const isGood: boolean[] = JSON.parse(stdout);
  expect(patterns.filter((pattern, i) => isGood[i] && faultOf(pattern) !== undefined)).toEqual([]);
  expect(
    patterns.filter((pattern, i) => !isGood[i] && faultOf(pattern) === undefined && doubtOf(pattern) === undefined),
  ).toEqual([]);
});

test("no text makes the check of a file throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => readWeights(text).faults.every(fault => fault.remedy !== "")),
  );
  fc.assert(fc.property(fc.string(), text => readWeights(JSON.stringify({ [text]: [1] })).faults.length >= 0));
});
