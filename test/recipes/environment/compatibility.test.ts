import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { loadCluster } from "../../../config/load";
import { ConfigErrors } from "../../../config/problem";
import type { Cluster } from "../../../config/schema";
import { compatibilityOf, type Versions } from "../../../recipes/environment/compatibility";
import { misfits } from "../../../recipes/environment/fit";
import {
  flashAttentionFor,
  flashAttentionReleases,
  flashAttentionWheel,
} from "../../../recipes/environment/flash-attention";
import { resolvedVersions } from "../../../recipes/environment/resolve";
import { compareVersions, satisfies } from "../../../recipes/version";
import { expectGolden } from "../../support/golden";

function declared(environment: string, ...more: string[]): string {
  return [
    "cluster: c",
    "runtime: host",
    "hosts: [{name: node-1, address: 10.0.0.1}]",
    "slots: 8",
    `python: {environment: {kind: conda, path: /opt/envs/swift, ${environment}}}`,
    ...more,
  ].join("\n");
}

function load(text: string): Cluster {
  return loadCluster("c.yaml", { readFile: () => text });
}

function refusal(text: string): string {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.message;
    throw error;
  }
  return "not refused";
}

function versionsOf(environment: string): Versions {
  const found = load(declared(environment)).python.environment;
  if (!found) throw new Error("no environment");
  return resolvedVersions(found);
}

describe("versions", () => {
  const version = fc
    .tuple(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("", "a1", "b2", "rc1", ".dev0", ".post1", ".post2", "rc1.post1"),
      fc.constantFrom("", "+cu126"),
    )
    .map(([release, suffix, local]) => `${release.join(".")}${suffix}${local}`);

  test("are ordered and matched as pip's own packaging does", () => {
    const pairs = fc.sample(fc.tuple(version, version, fc.constantFrom(">=", "<=", ">", "<", "==", "!=")), {
      numRuns: 400,
      seed: 7,
    });
    const script = `import json,sys
from pip._vendor.packaging.version import Version as V
print(json.dumps([(lambda a,b:[(a>b)-(a<b), {'>=':a>=b,'<=':a<=b,'>':a>b,'<':a<b,'==':a==b,'!=':a!=b}[o]])(V(V(x).public),V(V(y).public)) for x,y,o in json.load(sys.stdin)]))`;
    const answers = JSON.parse(
      execFileSync("python3", ["-c", script], { input: JSON.stringify(pairs), encoding: "utf8" }),
    ) as [number, boolean][];
    const ours = pairs.map(([a, b, operator]) => [Math.sign(compareVersions(a, b)), satisfies(a, `${operator}${b}`)]);
    expect(ours).toEqual(answers);
  });

  test.each([
    ["0.13.1", "==0.13.*", true],
    ["0.130.0", "==0.13.*", false],
    ["2.8.0.post2", ">=2.3,<2.8.2", true],
    ["4.56.0", ">=4.33,<4.56", false],
    ["1.26.4", "", true],
  ])("%s in %s: %s", (found, range, isIn) => {
    expect(satisfies(found, range)).toBe(isIn);
  });
});

describe("the wheel of flash-attn", () => {
  const notes = { torch: "2.6.0", python: "3.10", cuda: "12.4", cxx11Abi: false };

  test("is the notes' own for the notes' versions", () => {
    expect(flashAttentionWheel("2.8.1", notes)).toEqual({
      file: "flash_attn-2.8.1+cu12torch2.6cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
      url: "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.1/flash_attn-2.8.1+cu12torch2.6cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
    });
  });

  test.each([
    [
      "2.8.3",
      { torch: "2.8.0", python: "3.12", cuda: "12.8", cxx11Abi: true },
      "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl",
    ],
    [
      "2.8.1",
      { torch: "2.7.1+cu126", python: "3.11", cuda: "12.6", cxx11Abi: true },
      "flash_attn-2.8.1+cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl",
    ],
    [
      "2.7.4.post1",
      { torch: "2.6.0", python: "3.10", cuda: "12.4", cxx11Abi: false },
      "flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE-cp310-cp310-linux_x86_64.whl",
    ],
    ["2.8.1", { ...notes, torch: "2.8.0" }, "no wheel for torch 2.8, only for 2.4, 2.5, 2.6, 2.7"],
    ["2.8.3", { ...notes, cuda: "13.0" }, "CUDA 12 only, not 13.0"],
    ["2.8.3", { ...notes, machine: "aarch64" }, "no wheel for aarch64"],
    ["2.8.3", { ...notes, python: "3.14" }, "no wheel for Python 3.14"],
    ["2.8.3", { ...notes, torch: "2.4.0", python: "3.13" }, "no wheel for torch 2.4 with Python 3.13"],
    ["2.9.9", notes, "not in the table"],
  ])("%s for %j: %s", (version, target, expected) => {
    const wheel = flashAttentionWheel(version, target);
    expect("refused" in wheel ? wheel.refused : wheel.file).toContain(expected);
  });

  test("a release that has none is not offered", () => {
    expect(flashAttentionFor({ ...notes, torch: "2.8.0" })).toEqual(["2.8.3", "2.8.3.post1"]);
    expect(flashAttentionReleases.length).toBeGreaterThan(4);
  });
});

describe("the table", () => {
  test("has a row for each line, and a patch has its own", () => {
    expect(compatibilityOf("3.6.9")).toBeUndefined();
    expect(compatibilityOf("3.7.1")?.components.peft?.fits).toBe(">=0.11,<0.17");
    expect(compatibilityOf("3.7.3")?.components.peft?.fits).toBe(">=0.11,<0.18");
    expect(compatibilityOf("3.10.2")?.components["megatron-lm"]?.recommended).toEqual(["core_r0.14.0"]);
    expect(compatibilityOf("3.12.6")?.components["megatron-lm"]?.recommended).toEqual(["core_r0.15.0"]);
    expect(compatibilityOf("4.6.0")?.components["megatron-lm"]).toBeUndefined();
  });

  // Everything upstream recommends has to fit, or a default would be refused.
  const lines = [
    "3.7.1",
    "3.8.3",
    "3.9.3",
    "3.10.3",
    "3.11.3",
    "3.12.6",
    "4.0.4",
    "4.1.3",
    "4.2.3",
    "4.3.2",
    "4.4.3",
    "4.6.0",
  ];
  test.each(lines)("the defaults of ms-swift %s fit each other", swift => {
    const environment = load(declared(`swift: ${swift}, components: [flash-attn, deepspeed, megatron]`)).python
      .environment;
    if (!environment) throw new Error("no environment");
    expect(misfits(environment, resolvedVersions(environment))).toEqual([]);
  });

  test("a server decides which torch is the default", () => {
    expect(versionsOf("swift: 3.7.1, components: [flash-attn]")).toMatchObject({
      torch: "2.6.0",
      python: "3.10",
      cuda: "12.4",
    });
    expect(versionsOf("swift: 3.7.1, components: [vllm]")).toMatchObject({
      torch: "2.7.1",
      vllm: "0.10.0",
      cuda: "12.6",
    });
    expect(versionsOf("swift: 3.12.6, components: [vllm]")).toMatchObject({ torch: "2.8.0", vllm: "0.11.0" });
  });
});

describe("a plan", () => {
  test("takes the notes' own environment", () => {
    const notes = `swift: 3.7.1, components: [flash-attn, deepspeed, megatron], versions: {python: "3.10", torch: "2.6.0", flash-attn: 2.8.1, cuda: "12.4", megatron-lm: core_r0.13.0, apex: e13873debc4699d39c6861074b9a3b2a02327f92}`;
    expect(refusal(declared(notes))).toBe("not refused");
  });

  test("refuses what does not fit, each with the nearest that does", () => {
    const cases: [string, string][] = [
      ["transformers above the range", "swift: 3.7.1, versions: {transformers: 4.57.1}"],
      ["torch of the notes with the server of the image", "swift: 3.7.1, components: [vllm], versions: {torch: 2.6.0}"],
      [
        "a server and another torch",
        'swift: 3.9.3, components: [sglang], versions: {torch: "2.7.1", sglang: 0.5.4.post2}',
      ],
      [
        "no wheel of flash-attn for the torch",
        'swift: 3.12.6, components: [flash-attn], versions: {torch: "2.9.0", python: "3.11"}',
      ],
      [
        "flash-attn above what transformer-engine takes",
        "swift: 3.9.3, components: [flash-attn], versions: {flash-attn: 2.8.3}",
      ],
      [
        "another toolkit than torch's, and apex",
        'swift: 3.7.1, components: [megatron], versions: {torch: 2.6.0, cuda: "12.6"}',
      ],
      ["a toolkit of another major version", 'swift: 4.5.2, versions: {torch: "2.8.0", cuda: "13.0"}'],
      ["a Python that torch has no wheel for", 'swift: 3.12.6, versions: {torch: "2.9.0", python: "3.9"}'],
      [
        "a branch of Megatron-LM of another line",
        "swift: 3.12.6, components: [megatron], versions: {megatron-lm: core_r0.13.0}",
      ],
      [
        "Megatron-LM where there is no use for it",
        "swift: 4.5.2, components: [megatron], versions: {megatron-lm: core_r0.15.0}",
      ],
      ["apex by a name", "swift: 3.7.1, components: [megatron], versions: {apex: master}"],
      ["numpy 2 with Megatron of 3.x", "swift: 3.7.1, components: [megatron], versions: {numpy: 2.1.0}"],
      ["no version at all", "swift: 3.7.1, versions: {torch: newest}"],
      ["an ms-swift before the table", "swift: 3.5.0"],
    ];
    const texts = cases.map(([what, environment]) => `# ${what}\n${refusal(declared(environment))}\n`);
    const glm = "pipeline: {model: {path: /models/GLM-4.5-Air, type: glm4_5}}";
    texts.push(
      `# a model that needs a newer transformers\n${refusal(declared("swift: 3.7.1, versions: {transformers: 4.51.3}", glm))}\n`,
    );
    const steps =
      "pipeline: {model: {path: /m}, data: {path: /d.jsonl}, convert: {output: /mcore}, train: {nodes: [node-1], output: /o}, serve: {engine: sglang, stopForTraining: true}}";
    texts.push(`# steps without what they need\n${refusal(declared("swift: 3.7.1", steps))}\n`);
    expect(texts.join("\n")).not.toContain("not refused");
    expectGolden("environment/refusals.txt", texts.join("\n"));
  });

  test("runs in an image or in an environment, never in both", () => {
    const image = "image: {reference: app:1, swift: 3.7.1}";
    const hosts = "cluster: c\nhosts: [{name: node-1, address: 10.0.0.1}]\nslots: 8";
    const texts = [
      `# neither\n${refusal(hosts)}`,
      `# host without an environment\n${refusal(`${hosts}\nruntime: host`)}`,
      `# host with an image\n${refusal(declared("swift: 3.7.1", image))}`,
      `# container with an environment\n${refusal(declared("swift: 3.7.1", image).replace("runtime: host\n", ""))}`,
      `# what only a container has\n${refusal(declared("swift: 3.7.1", "container: {mounts: [{host: /d, container: /d}], cpus: 8}", "access: {authorizedKeys: [ssh-ed25519 AAAA me]}"))}`,
      `# a package that the image is built on\n${refusal(`${hosts}\n${image}\npython: {packages: [swanlab, torch==2.9.0]}`)}`,
      `# a package that ms-swift does not take\n${refusal(`${hosts}\n${image}\npython: {packages: [transformers==4.57.1]}`)}`,
    ];
    expectGolden("environment/runtime.txt", `${texts.join("\n\n")}\n`);
  });
});
