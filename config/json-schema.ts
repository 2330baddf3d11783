import { z } from "zod";
import { clusterFile } from "./schema";

/** JSON Schema of the cluster file, for editors (`# yaml-language-server: $schema=…`) and `muster schema`. */
export function clusterFileJsonSchema(): Record<string, unknown> {
  return { title: "muster cluster file", ...z.toJSONSchema(clusterFile, { io: "input", unrepresentable: "any" }) };
}
