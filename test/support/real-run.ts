import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

const cases = path.join(__dirname, "..", "cases", "megatron-4.6.0");

/** Console log of a real run of ms-swift 4.6.0 on a GPU: test/cases/megatron-4.6.0/README.md. */
export function realLog(name: string): string {
  return fs.readFileSync(path.join(cases, "logs", `${name}.log`), "utf8");
}

/** Unpacks a real run's folders: two-nodes (n0/d and n1/d, the disks of two nodes) or converted (tiny-mcore). */
export function unpackReal(name: "two-nodes" | "converted", folder: string): void {
  fs.mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xzf", path.join(cases, `${name}.tgz`), "-C", folder]);
}
