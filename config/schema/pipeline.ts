import { z } from "zod";
import { convert, exportBack } from "./conversion";
import { data } from "./data";
import { infer, serve, smoke } from "./serving";
import { train } from "./train";
import { absolutePath, quantity } from "./values";

const model = z.strictObject({
  path: absolutePath.describe("Folder of the Hugging Face weights, in the container, the same on every node."),
  type: z.string().min(1).optional().describe("ms-swift's model_type, if the folder does not tell."),
  template: z.string().min(1).optional().describe("ms-swift's chat template, if the model's type does not tell."),
});

const gather = z
  .strictObject({ waitMinutes: quantity("minutes", "How long `up` waits for the step.").default(120) })
  .describe("Brings the shards of all training nodes together on the first one.");

export const pipeline = z
  .strictObject({
    model,
    data: data.optional(),
    megatronLm: absolutePath
      .optional()
      .describe("Checkout of Megatron-LM in the container (MEGATRON_LM_PATH), for ms-swift 3."),
    modelscopeCache: absolutePath
      .optional()
      .describe("MODELSCOPE_CACHE. In a shared folder one node's preprocessing is good for all."),
    sharedFolders: z
      .array(absolutePath)
      .optional()
      .describe("Folders in the container that are one and the same storage on every node, such as an NFS mount."),
    convert: convert.optional(),
    train: train.optional(),
    gather: gather.optional(),
    export: exportBack.optional(),
    infer: infer.optional(),
    serve: serve.optional(),
    smoke: smoke.optional(),
  })
  .describe("What runs on the cluster, in this order. Each part may be left out.");

export type { ConvertSettings, ExportSettings } from "./conversion";
export type { TrainSettings } from "./train";
export type ServeSettings = z.infer<typeof serve>;
export type InferSettings = z.infer<typeof infer>;
export type SmokeSettings = z.infer<typeof smoke>;
export type DataSettings = z.infer<typeof data>;
