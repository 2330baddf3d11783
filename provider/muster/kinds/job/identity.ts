import { createHash } from "node:crypto";
import type { JobInputs } from "./inputs";

/** JSON with sorted keys: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/**
 * What the job's result depends on: the command of each rank, the declared identity, and which rank is where.
 * Environment, waiting times and probes are not part of it: changing them never runs the job again.
 */
export function identityDigest(inputs: Pick<JobInputs, "ranks" | "identity">): string {
  const layout = inputs.ranks.map(({ host, argv }) => ({ host, argv }));
  return createHash("sha256")
    .update(canonical({ layout, identity: inputs.identity }))
    .digest("hex");
}
