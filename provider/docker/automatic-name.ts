import { randomBytes } from "node:crypto";
import type { Naming } from "../kind";

/** The declared name, the one from before, or the resource's name with a few random letters, as Pulumi's own providers do. */
export function automaticName(declared: string | undefined, naming: Naming): string {
  if (declared !== undefined) return declared;
  const before = naming.old?.name;
  return typeof before === "string" ? before : `${naming.name}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}
