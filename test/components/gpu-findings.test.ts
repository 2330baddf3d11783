import * as path from "node:path";
import { gpuFindings } from "../../components/gpu-findings";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";
import { unaskedFacts } from "../../facts/host-facts";
import type { KnownHost } from "../../plan/known-facts";
import { capabilityBelow8 } from "../../recipes/ms-swift/grouped-gemm";

const cluster = loadCluster(path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml"));

function host(node: string, ...names: readonly string[]): KnownHost {
  const value = names.map((name, index) => ({ index, name, uuid: `u${index}`, memoryMib: 1, driverVersion: "570.1" }));
  const facts = { ...unaskedFacts("not asked"), gpus: { status: "present", value } as const };
  return { node, address: node, facts, access: "root", foreignOwner: "" };
}

function withGroupedGemm(value: boolean): Cluster {
  const { pipeline } = cluster;
  if (!pipeline?.train) throw new Error("the example trains nothing");
  const args = { ...pipeline.train.args, moe_grouped_gemm: value };
  return { ...cluster, pipeline: { ...pipeline, train: { ...pipeline.train, args } } };
}

test("grouped GEMMs are refused on GPUs that are too old, on the nodes that train alone", () => {
  const hosts = [host("node-1", "NVIDIA H200"), host("node-2", "Tesla V100-SXM2-32GB"), host("node-9", "Tesla T4")];
  expect(gpuFindings(withGroupedGemm(true), hosts).map(({ host: where, fact }) => [where, fact])).toEqual([
    ["node-2", "Tesla V100-SXM2-32GB has compute capability 7.0, and moe_grouped_gemm is on"],
  ]);
  expect(gpuFindings(withGroupedGemm(false), hosts)).toEqual([]);
});

test("capabilities by name", () => {
  const old = ["Tesla T4", "NVIDIA GeForce RTX 2080 Ti", "Quadro RTX 8000", "Tesla P40", "NVIDIA TITAN V", "Tesla K80"];
  expect(old.map(capabilityBelow8)).toEqual(["7.5", "7.5", "7.5", "6.1", "7.0", "3.7"]);
  const newer = ["NVIDIA A100-SXM4-80GB", "NVIDIA H100", "NVIDIA L4", "NVIDIA RTX 2000 Ada", "NVIDIA B200", "T400 4GB"];
  expect(newer.filter(capabilityBelow8)).toEqual([]);
});
