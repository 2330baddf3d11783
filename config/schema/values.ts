import { z } from "zod";

/** What a field adds to its description: the unit of a number, and an example for errors. */
export interface FieldNote {
  readonly unit?: "GiB" | "seconds" | "minutes";
  readonly example?: string;
  /** Literal text is refused and never shown; the remedy names `muster config set --secret`. */
  readonly secretOnly?: boolean;
}

/** Notes of the schema's fields, by schema instance. Kept apart from zod's own registry, which the JSON Schema exports. */
export const fieldNotes = z.registry<FieldNote>();

/** A number with its unit, so that `128g` can be answered with "write 128". */
export function quantity(unit: "GiB" | "seconds" | "minutes", description: string): z.ZodNumber {
  return z.number().positive().describe(`${description} Unit: ${unit}.`).register(fieldNotes, { unit });
}

/** Name of a host, a node, a step: a DNS label, because it becomes a host name, a label and a path. */
export const nodeName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "lower-case letters, digits and hyphens, at most 63, such as node-1");

export const portNumber = z.int().min(1).max(65535);

/** A path in the container or on a host. Never relative: commands run in several working directories. */
export const absolutePath = z
  .string()
  .regex(/^\/[^\0\n]*$/, "an absolute path, such as /models/glm")
  .refine(path => !path.split("/").includes(".."), "a path without '..'");

/** A path on the operator's side; relative to the file that names it. */
export const localPath = z.string().min(1);

/** One path of the operator's side, or several. */
export const localPaths = z.union([localPath, z.array(localPath).min(1)]);

/** A secret by its name: `muster config set --secret NAME`. */
export const secretRef = z
  .strictObject({ secret: z.string().min(1).describe("Name of the secret in the stack's configuration.") })
  .register(fieldNotes, { secretOnly: true, example: "{secret: proxyPassword}" });
export type SecretRef = z.infer<typeof secretRef>;

/** Names of variables that a shell accepts. */
export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name, such as HF_HOME"),
  z.union([z.string(), z.number(), z.boolean()]).transform(value => String(value)),
);

/** Arguments of an upstream tool by its own names. Lists become several words, true and false become text. */
export const upstreamArguments = z.record(
  z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "an argument's name without dashes in front, such as moe_permute_fusion"),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
);
export type ArgumentValue = z.infer<typeof upstreamArguments>[string];

export const gpuList = z.array(z.int().min(0)).min(1).refine(isDistinct, "each GPU once");

export function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}
