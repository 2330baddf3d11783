import { z } from "zod";
import { absolutePath, localPath } from "./values";

const rows = z
  .int()
  .min(1)
  .optional()
  .describe("So many rows, drawn at random; more than there are: all of them, again and again.");

const named = z
  .string()
  .min(1)
  .describe("As ms-swift writes it: PATH#ROWS, or ID:SUBSET#ROWS of ModelScope (hf::ID of Hugging Face).");

const dataset = z.union([
  named,
  z.strictObject({
    file: localPath.optional().describe("File on the operator's side; checked, then copied to the training nodes."),
    path: absolutePath.describe("The file in the container."),
    rows,
  }),
]);
export type DataSetEntry = z.infer<typeof dataset>;

export const data = z
  .strictObject({
    file: localPath.optional().describe("File on the operator's side; checked, then copied to the training nodes."),
    path: absolutePath.optional().describe("The file in the container. Several: sets."),
    sets: z.array(dataset).min(1).optional().describe("Several files or data sets, mixed. Instead of file and path."),
    validation: z.array(dataset).min(1).optional().describe("What the model is measured with."),
    validationShare: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe("Share of the rows that is kept for measuring. Instead of validation."),
    strict: z
      .boolean()
      .default(true)
      .describe("Answers of tools must be JSON, as the tool-calling format asks for. false: any text."),
  })
  .describe("What is trained with.");
