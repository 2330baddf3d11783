import * as path from "node:path";
import { gpuFindings } from "../../components/gpu-findings";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";
import { unaskedFacts } from "../../facts/host-facts";
import type { KnownHost } from "../../plan/known-facts";

const cluster = loadCluster(path.join(__dirname, "..", "..", "stacks", "glm-4.5-air.example.yaml"));

/** A host with one GPU. `capability`: undefined where nvidia-smi does not tell it. */
function host(node: string, name: string, capability?: string): KnownHost {
  const known = capability === undefined ? {} : { computeCapability: capability };
  const value = [{ index: 0, name, uuid: "u", memoryMib: 1, driverVersion: "570.1", ...known }];
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
  const old = host("node-2", "Tesla V100-SXM2-32GB", "7.0");
  const hosts = [host("node-1", "NVIDIA H200", "9.0"), old, host("node-9", "Tesla T4", "7.5")];
  expect(gpuFindings(withGroupedGemm(true), hosts).map(({ host: where, fact }) => [where, fact])).toEqual([
    ["node-2", "Tesla V100-SXM2-32GB has compute capability 7.0, and moe_grouped_gemm is on"],
  ]);
  expect(gpuFindings(withGroupedGemm(false), hosts)).toEqual([]);
  // What no driver tells stands against nothing.
  expect(gpuFindings(withGroupedGemm(true), [host("node-1", "NVIDIA B200", "10.0"), host("node-2", "GPU")])).toEqual(
    [],
  );
});
