import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { source } from "../support/host-set";
import { openSite } from "../support/site";
import { hosts, siteVariable } from "./site";

/** With MUSTER_RECIPES_SITE the hosts run on the Docker of that checkout's sandbox, which is up already and stays up. */
export default function start(): void {
  openSite(siteVariable);
  const build = path.join(source, "sandbox/images/build-parsers");
  execFileSync(build, ["--images", hosts.siteImages], { stdio: "inherit" });
  hosts.raise(path.join(source, ".muster/sandbox/parsers.env"));
}
