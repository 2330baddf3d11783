import { modelShapeOf } from "../config/check";
import type { Cluster } from "../config/schema";
import type { Finding } from "../plan/finding";
import { type KnownHost, modelFactsOf } from "../plan/known-facts";
import { usesGroupedGemm } from "../recipes/ms-swift/grouped-gemm";

/** Of grouped GEMMs (Megatron-LM core_r0.13.0). */
const leastCapability = 8;

/** What the training asks of GPUs that those of a training node cannot do. */
export function gpuFindings(settings: Cluster, hosts: readonly KnownHost[]): Finding[] {
  const train = settings.pipeline?.train;
  const model = modelFactsOf(hosts).find(found => found.model)?.model;
  const shape = model && modelShapeOf(model.config);
  const isMixture = shape ? shape.experts !== undefined : (train?.expertParallel ?? 1) > 1;
  if (!train || !usesGroupedGemm(settings, isMixture)) return [];
  return hosts
    .filter(({ node }) => train.nodes.includes(node))
    .flatMap(({ node, facts }): Finding[] => {
      const gpus = facts.gpus.status === "present" ? facts.gpus.value : [];
      const old = gpus.find(gpu => Number(gpu.computeCapability) < leastCapability);
      if (!old) return [];
      return [
        {
          code: "gpu-too-old",
          severity: "error",
          host: node,
          path: "pipeline.train.args.moe_grouped_gemm",
          fact: `${old.name} has compute capability ${old.computeCapability}, and moe_grouped_gemm is on`,
          why: "grouped GEMMs of experts need compute capability 8 and bfloat16: every rank would fail when it builds the model",
          remedy: "write moe_grouped_gemm: false under pipeline.train.args, or train on other hosts",
        },
      ];
    });
}
