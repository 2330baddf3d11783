import type { ServeSettings } from "../../config/schema/pipeline";
import { isAtLeast } from "../version";

/** `http://10.0.0.1:6060`; an IPv6 address in brackets. */
export function origin(address: string, port: number): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/**
 * What to ask to know that a server answers, which none of them asks a key for. vLLM: /health. SGLang: /health_generate, for
 * its /health answers before the model does. `swift deploy` has /health from ms-swift 3.10 on; before, /v1/models needs no
 * key there (swift/llm/infer/deploy.py at the tags).
 */
export function readyPath(engine: ServeSettings["engine"], swiftVersion: string): string {
  if (engine === "sglang") return "/health_generate";
  if (engine === "swift" && !isAtLeast(swiftVersion, "3.10.0")) return "/v1/models";
  return "/health";
}

/** The router is ready when a replica is behind it (sglang-router 0.3). */
export const routerReadyPath = "/readiness";

const defaultMinutes = 30;
const startMinutes = 10;
/** A disk or a network mount that is slow, but no fault: 0.15 GiB a second on each node. */
const readGibPerMinute = 9;

/**
 * How long a server may take to be ready. Without a number of the operator's: ten minutes for imports, compilation and CUDA
 * graphs, and the time to read the weights, all of which every node reads.
 */
export function readyMinutes(serve: Pick<ServeSettings, "readyMinutes">, weightBytes: number | undefined): number {
  if (serve.readyMinutes !== undefined) return serve.readyMinutes;
  if (weightBytes === undefined) return defaultMinutes;
  return Math.ceil(startMinutes + weightBytes / 2 ** 30 / readGibPerMinute);
}

/**
 * vLLM ends itself when its engine is not up within VLLM_ENGINE_READY_TIMEOUT_S, by default 600 seconds: too little for big
 * weights over nodes. One that does not know the variable ignores it.
 */
export function engineTimeout(engine: ServeSettings["engine"], minutes: number): Record<string, string> {
  return engine === "vllm" ? { VLLM_ENGINE_READY_TIMEOUT_S: String(Math.ceil(minutes * 60)) } : {};
}
