import { homedir } from "node:os";
import path from "node:path";

/** The path with `~/` at its beginning as the operator's home. */
export function expandHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(homedir(), file.slice(1)) : file;
}
