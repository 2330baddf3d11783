import { z } from "zod";

const absolutePath = z.string().regex(/^\//, "must be an absolute path");

const stepSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "must be lower-case letters, digits, dots, dashes"),
  check: z
    .string()
    .min(1)
    .describe(
      "POSIX sh that only reads: exit 0 if the step is done, 3 with the reason on standard output if it is not.",
    ),
  apply: z.string().min(1).describe("POSIX sh that does it, or goes on with it."),
  timeoutSeconds: z.number().positive().default(3600),
});

export const installationInputsSchema = z.strictObject({
  host: z.string().min(1).describe("Name of the host in the provider's table."),
  container: z
    .string()
    .min(1)
    .optional()
    .describe("Container of that host in which the steps run; absent: the host itself."),
  name: z.string().min(1).describe("What is installed, for people."),
  steps: z.array(stepSchema).min(1).describe("In this order. A step that is done is left alone."),
  lock: absolutePath.describe("Lock file: hosts that share the disk install one after the other."),
  trigger: z
    .record(z.string(), z.string())
    .default({})
    .describe("Values at whose change the steps are looked at again."),
  secretEnv: z.record(z.string(), z.string()).optional().describe("Variables of the steps, such as a proxy's."),
  remove: z.string().optional().describe("POSIX sh that removes what was installed, when the resource is deleted."),
});

export type InstallationInputs = z.infer<typeof installationInputsSchema>;
export type InstallationStep = InstallationInputs["steps"][number];

export interface InstallationOutputs {
  /** `step: reason` of what is not as declared. */
  readonly unmet: readonly string[];
}
