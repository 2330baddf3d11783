import type { Check, CheckRule } from "../check";
import type { InferSettings } from "../schema/pipeline";

/** How `swift infer` divides its GPUs. */
export const checkInfer: CheckRule = ({ pipeline }, model) => {
  const infer = pipeline?.infer;
  if (!infer) return [];
  const heads = infer.model === undefined ? model?.heads : undefined;
  return [...gpus(infer), ...(heads === undefined ? [] : uneven(infer, heads))];
};

function tensorParallelOf(infer: InferSettings): number {
  return infer.tensorParallel ?? Math.max(1, Math.floor(infer.gpus.length / infer.dataParallel));
}

function gpus(infer: InferSettings): Check[] {
  const total = infer.gpus.length;
  const used = infer.dataParallel * (infer.backend === "pt" ? 1 : tensorParallelOf(infer));
  const fits = infer.backend === "pt" ? total % used === 0 : used === total;
  if (infer.backend === "pt" && infer.tensorParallel !== undefined) {
    return [
      {
        code: "infer-tensor-parallel",
        severity: "error",
        path: ["pipeline", "infer", "tensorParallel"],
        found: "tensorParallel with the backend pt",
        expected: "none: pt lays the layers over all gpus",
        remedy: "remove tensorParallel, or write backend: vllm",
      },
    ];
  }
  if (fits) return [];
  const product = infer.backend === "pt" ? "" : `tensorParallel ${tensorParallelOf(infer)} x `;
  return [
    {
      code: "infer-gpus-differ",
      severity: "error",
      path: ["pipeline", "infer", infer.tensorParallel === undefined ? "dataParallel" : "tensorParallel"],
      found: `${product}dataParallel ${infer.dataParallel} = ${used}`,
      expected: `${infer.backend === "pt" ? "a divisor of " : ""}${total}, the number of gpus`,
      remedy: "claim other gpus, or change the degree",
    },
  ];
}

function uneven(infer: InferSettings, heads: number): Check[] {
  const degree = tensorParallelOf(infer);
  if (infer.backend === "pt" || heads % degree === 0) return [];
  return [
    {
      code: "infer-heads-uneven",
      severity: "error",
      path: ["pipeline", "infer", infer.tensorParallel === undefined ? "gpus" : "tensorParallel"],
      found: `tensorParallel ${degree} for ${heads} attention heads`,
      expected: `a divisor of ${heads}`,
      remedy: "raise dataParallel, or claim other gpus",
    },
  ];
}
