import { checkCluster } from "../../../config/checks";
import { valueFault } from "../../../config/checks/argument-value";
import { loadCluster } from "../../../config/load";
import type { Cluster } from "../../../config/schema";
import { renderDeepspeedEnv } from "../../../plan/environment";
import { type NodeCommand, type NodeTransport, renderCommand } from "../../../recipes/command";
import { knownArguments } from "../../../recipes/ms-swift/argument-list";
import { guardedConversion, toHfCommand, toMcoreCommand } from "../../../recipes/ms-swift/convert";
import { reportSecrets } from "../../../recipes/ms-swift/report";
import { launcherEnvironment, trainCommands } from "../../../recipes/ms-swift/train";
import { expectGolden } from "../../support/golden";
import { type Case, cases } from "./cases";

/** The nodes' addresses in the notes. */
const addresses = ["172.16.16.4", "172.16.16.3"];

const transportOf = (node: string): NodeTransport => ({
  address: addresses[Number(node.slice(-1)) - 1] ?? "",
  env: { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0" },
});

function clusterFile({ swift, nodes = 2, slots = 8, pipeline, more = "" }: Case): string {
  const model = pipeline.startsWith("model:") ? "" : "model: {path: /models/ZhipuAI/GLM-4.5-Air, type: glm4_5}\n";
  const data = /^train:/m.test(pipeline) ? "data: {path: /datasets/tools.jsonl}\n" : "";
  const below = `${model}${data}${pipeline}`.replace(/^/gm, "  ");
  const hosts = addresses.slice(0, nodes).map((address, i) => `  - {name: node-${i + 1}, address: ${address}}\n`);
  return `cluster: notes
hosts:
${hosts.join("")}image: {reference: "train:${swift}", swift: ${swift}}
slots: ${slots}
${more === "" ? "" : `${more}\n`}pipeline:
${below}
`;
}

function load(text: string): Cluster {
  return loadCluster("notes.yaml", { readFile: () => text });
}

function guarded(cluster: Cluster, command: ReturnType<typeof toHfCommand>, part: "convert" | "export"): NodeCommand {
  const settings = cluster.pipeline?.[part];
  if (!settings) throw new Error(`no ${part}`);
  const results = { identity: "IDENTITY", resultFile: `/var/lib/muster/results/${part}.json` };
  return { ...command, argv: guardedConversion(command, settings, results) };
}

function rendered(cluster: Cluster): string {
  const { convert, train, export: back } = cluster.pipeline ?? {};
  const commands: [string, NodeCommand][] = [
    ...(convert
      ? [["convert", guarded(cluster, toMcoreCommand(cluster, convert), "convert")] as [string, NodeCommand]]
      : []),
    ...(train ? trainCommands(cluster, train, transportOf).map(c => ["train", c] as [string, NodeCommand]) : []),
    ...(back ? [["export", guarded(cluster, toHfCommand(cluster, back), "export")] as [string, NodeCommand]] : []),
  ];
  const files =
    train?.launcher === "deepspeed"
      ? [
          `# ${cluster.container.workdir}/.deepspeed_env\n${renderDeepspeedEnv({ ...transportOf("node-1").env, ...launcherEnvironment(cluster) })}`,
        ]
      : [];
  return [...commands.map(([step, c]) => `# ${step} on ${c.node}\n${renderCommand(c)}`), ...files].join("\n");
}

describe.each(Object.entries(cases))("%s", (name, each) => {
  const text = clusterFile(each);

  test("renders as reviewed", () => {
    const cluster = load(text);
    const warnings = cluster.warnings.map(problem => `# warning: ${problem.found}\n`).join("");
    expectGolden(
      `recipes/${name}.txt`,
      `${text.replace(/^/gm, "| ").replace(/\| $/, "")}\n${warnings}${rendered(cluster)}`,
    );
  });

  test("writes only arguments that the version has", () => {
    const cluster = load(text);
    const { convert, train, export: back } = cluster.pipeline ?? {};
    const commands = [
      ...(convert ? [toMcoreCommand(cluster, convert)] : []),
      ...(train ? trainCommands(cluster, train, transportOf) : []),
      ...(back ? [toHfCommand(cluster, back)] : []),
    ];
    for (const { argv } of commands) expect(faultsOf(argv, each.swift)).toEqual([]);
    expect(checkCluster(cluster).filter(check => check.severity === "error")).toEqual([]);
  });
});

test("the keys of reports are variables of their own, by the secrets' names", () => {
  const { pipeline } = load(clusterFile(cases["4.6.0/three-reports"] as Case));
  expect(reportSecrets(pipeline?.train?.report)).toEqual([
    { variable: "WANDB_API_KEY", secret: "wandb" },
    { variable: "SWANLAB_API_KEY", secret: "swanlab" },
  ]);
  expect(reportSecrets(undefined)).toEqual([]);
});

test("no key of a report is in a command, and no two cases are the same", () => {
  const texts = Object.values(cases).map(each => rendered(load(clusterFile(each))));
  expect(texts.filter(text => /api_?key/i.test(text))).toEqual([]);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length).toBeGreaterThanOrEqual(42);
});

/** Options of a command line that no list of the version has, and values that its parser would refuse. */
function faultsOf(argv: readonly string[], version: string): string[] {
  const isModule = argv.indexOf("--module");
  const command =
    isModule >= 0 ? (argv[isModule + 1] ?? "").replace("swift.cli.", "swift ") : argv.slice(0, 2).join(" ");
  const known = knownArguments(command, version);
  if (!known) return command.startsWith("python3") ? [] : [`no list of ${command}`];
  const options = argv
    .slice(isModule >= 0 ? isModule + 2 : 2)
    .join("\0")
    .split("\0--");
  return options.flatMap(option => {
    const [name = "", ...words] = option.replace(/^--/, "").split("\0");
    const shapes = [known.list, ...(known.neighbour ? [known.neighbour] : [])].map(list => list.arguments.get(name));
    const having = shapes.filter(shape => shape !== undefined);
    if (having.length === 0) return [`${command}: --${name}`];
    const isRefused = having.every(
      shape => valueFault(shape.type === "list" ? words : (words[0] ?? ""), shape) !== undefined,
    );
    return isRefused ? [`${command}: --${name} ${words.join(" ")}`] : [];
  });
}
