import { z } from "zod";
import { purposes } from "./format";

const count = z.int().min(0);
const severity = z.enum(["error", "warning"]);
const counts = z.record(z.string(), count);

const lengths = {
  least: count,
  mean: count,
  median: count.describe("Like all percentiles rounded up by 2 % at most."),
  p90: count,
  p99: count,
  most: count,
  longestLine: count.describe("Line of the longest row."),
};

const fault = z.strictObject({
  line: z.int().min(1),
  severity,
  field: z.string().describe("`messages[2].content`; empty for the whole row."),
  reason: z.string(),
  remedy: z.string(),
});

/** What is known of a file of rows; `muster data check --json` prints it. */
export const datasetReport = z.strictObject({
  rules: z
    .strictObject({ swift: z.string(), purpose: z.enum(purposes), strict: z.boolean() })
    .describe("Version of ms-swift and kind of training whose rules were used."),
  rows: count,
  badRows: count.describe("Rows with at least one error."),
  errorCount: count,
  warningCount: count,
  errors: z.array(fault).describe("The first 20."),
  warnings: z.array(fault).describe("The first 20."),
  faults: z
    .array(z.strictObject({ severity, field: z.string(), reason: z.string(), rows: count, firstLine: count }))
    .describe(
      "All faults by kind, the most frequent first; at most 200 kinds. `[]` stands for every index, N for every number.",
    ),
  kinds: z
    .strictObject({
      sft: count.optional(),
      preference: count.optional(),
      label: count.optional(),
      prompt: count.optional(),
      pretraining: count.optional(),
    })
    .describe("Rows by what they can train: sft, preference (dpo, rm), label (kto), prompt (grpo), pretraining."),
  roles: counts.describe("Messages by role, after ms-swift's normalisation."),
  rowsWithTools: count,
  calls: counts.describe("Calls by tool; at most 200 tools."),
  media: z.strictObject({ images: count, videos: count, audios: count }),
  characters: z.strictObject(lengths).optional().describe("Of all that is trained on, messages and tools."),
  tokens: z
    .strictObject({
      rule: z.string(),
      ...lengths,
      above: z
        .strictObject({ maxLength: count, rows: count })
        .optional()
        .describe("Rows above maxLength by the estimate: ms-swift deletes such rows."),
    })
    .optional()
    .describe("An estimate by the rule that is named, not what a tokenizer would count."),
  repeats: z
    .strictObject({ rows: count, among: z.enum(["all", "first million"]) })
    .describe("Rows that are the same as an earlier one, and among which rows they were looked for."),
  bytes: count,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("Of the file's bytes."),
});
export type DatasetReport = z.infer<typeof datasetReport>;

/** What `muster data check --json` prints: a report for each file, and whether all are fit. */
export const datasetReports = z.strictObject({
  fit: z.boolean(),
  files: z.array(z.strictObject({ file: z.string(), fit: z.boolean(), report: datasetReport })),
});
export type DatasetReports = z.infer<typeof datasetReports>;
