import * as path from "node:path";

/** A path relative to the file that names it; `~/` is left for whoever opens it. */
export function besides(file: string, name: string): string {
  return name.startsWith("~") ? name : path.resolve(path.dirname(file), name);
}
