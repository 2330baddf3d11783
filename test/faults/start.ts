import { execFileSync } from "node:child_process";
import { makeCheckout } from "../acceptance/site";
import { raiseHosts, source } from "./site";

/** With MUSTER_FAULTS_SITE the hosts run on the Docker of that checkout's sandbox, which is up already and stays up. */
export default function start(): void {
  let site = process.env.MUSTER_FAULTS_SITE;
  if (site === undefined) {
    site = makeCheckout(source);
    execFileSync("sandbox/daemon/daemon", ["start"], { cwd: site, stdio: "inherit" });
    execFileSync("sandbox/images/build", [], { cwd: site, stdio: "inherit" });
    process.env.MUSTER_FAULTS_SITE = site;
  } else process.env.MUSTER_FAULTS_BORROWED = "yes";
  raiseHosts(site);
}
