import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { isKept } from "../acceptance/site";
import { razeHosts, siteFolder } from "./site";

export default function stop(): void {
  const site = siteFolder();
  razeHosts();
  if (process.env.MUSTER_FAULTS_BORROWED !== undefined) return;
  execFileSync("sandbox/daemon/daemon", [isKept() ? "stop" : "purge"], { cwd: site, stdio: "inherit" });
  if (!isKept()) fs.rmSync(site, { recursive: true, force: true });
}
