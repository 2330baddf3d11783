import * as path from "node:path";
import { modelFindings } from "../../components/model-findings";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";
import { unaskedFacts } from "../../facts/host-facts";
import type { Model } from "../../facts/model";
import { formatFinding } from "../../plan/finding";
import { type KnownHost, knownHost } from "../../plan/known-facts";
import { expectGolden } from "../support/golden";

const cluster = loadCluster(path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml"));
/** GLM-4.5-Air's config.json, as published; the weights are 106e9 parameters in bfloat16. */
const glm: Model = {
  config: {
    model_type: "glm4_moe",
    torch_dtype: "bfloat16",
    num_hidden_layers: 46,
    num_attention_heads: 96,
    num_key_value_heads: 8,
    n_routed_experts: 128,
    vocab_size: 151552,
    max_position_embeddings: 131072,
  },
  weightBytes: 212e9,
};

interface Found {
  readonly model?: Model;
  readonly memoryGib?: number;
  readonly diskGib?: number;
}

function host(node: string, { model, memoryGib = 2048, diskGib = 20000 }: Found): KnownHost {
  const facts = {
    ...unaskedFacts("not asked"),
    model: model ? ({ status: "present", value: model } as const) : ({ status: "absent" } as const),
    memory: { status: "present", value: { totalMib: memoryGib * 1024 } } as const,
    disks: {
      status: "present",
      value: [
        { mountPoint: "/", device: "/dev/sda", fileSystem: "ext4", sizeGib: 400 },
        { mountPoint: "/data", device: "/dev/sdb", fileSystem: "xfs", sizeGib: diskGib },
      ],
    } as const,
  };
  return { node, address: node, facts, access: "root", foreignOwner: "" };
}

function findings(first: Found, second: Found = first, settings: Cluster = cluster): string {
  return modelFindings(settings, [host("node-1", first), host("node-2", second)])
    .map(formatFinding)
    .join("\n");
}

test("the example fits its model on hosts that are large enough", () => {
  expect(findings({ model: glm })).toBe("");
  expect(findings({})).toMatch(/^warning pipeline.model.path model-missing: .* is on no host$/m);
});

test("what the model says against the file, and what its weights need", () => {
  const odd = { ...glm, config: { ...glm.config, num_hidden_layers: 45, n_routed_experts: 100 } };
  const parts = {
    "another model": findings({ model: odd }),
    "on one training node alone": findings({ model: glm }, {}),
    "other weights on the second node": findings({ model: glm }, { model: { ...glm, weightBytes: 211e9 } }),
    "a disk that can never hold it": findings({ model: glm, diskGib: 450 }, { model: glm }),
    "little memory": findings({ model: glm, memoryGib: 256 }),
  };
  expectGolden(
    "config/model-findings.txt",
    Object.entries(parts)
      .map(([name, text]) => `## ${name}\n${text}\n`)
      .join("\n"),
  );
});

test("a state that was written before models were asked for is no trouble", () => {
  const old = host("node-1", { model: glm });
  const asked = Object.entries(old.facts).filter(([topic]) => topic !== "model" && topic !== "formatVersion");
  const facts = Object.fromEntries(asked) as unknown as KnownHost["facts"];
  expect(modelFindings(cluster, [knownHost({ ...old, facts })])).toEqual([]);
});
