import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { checkout, isKept } from "./site";

export default function stop(): void {
  if (process.env.MUSTER_ACCEPTANCE_BORROWED !== undefined) return;
  execFileSync("./scripts/demo", [isKept() ? "--down" : "--purge"], { cwd: checkout(), stdio: "inherit" });
  if (!isKept()) fs.rmSync(checkout(), { recursive: true, force: true });
}
