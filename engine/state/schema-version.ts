import type { JsonMap } from "../../wire/struct";

/** What a state may hold that older engines do not know, by the field of a resource that has it (stock, 3.260). */
const FEATURES = ["replaceWith", "taint"] as const;

/** A resource of a state, as far as its schema hangs on it. */
export type Featured = Readonly<Partial<Record<(typeof FEATURES)[number], unknown>>>;

/** `version`, and `features` where there are any: in front of a checkpoint and of an exported deployment. */
export function schemaHead(resources: readonly Featured[]): JsonMap {
  const features = FEATURES.filter(name => resources.some(resource => isUsed(resource[name])));
  return features.length === 0 ? { version: 3 } : { version: 4, features };
}

function isUsed(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value === true;
}

/** In words why a state can't be read here; undefined: it can. */
export function schemaProblem({ version, features }: JsonMap): string | undefined {
  if (version !== 3 && version !== 4) return `it has version ${JSON.stringify(version)}, this engine reads 3 and 4`;
  const known: readonly string[] = FEATURES;
  const unknown = Array.isArray(features) ? features.map(String).filter(name => !known.includes(name)) : [];
  if (unknown.length === 0) return undefined;
  return `it uses what the embedded engine does not support (${unknown.join(", ")}); use --engine pulumi with the stock Pulumi CLI`;
}
