import { execFileSync } from "node:child_process";
import { checkout } from "../acceptance/site";
import startAcceptance from "../acceptance/start";

/** With MUSTER_ACCEPTANCE_CHECKOUT the tests run where a demo is up already, and leave it up; else one is made. */
export default function start(): void {
  startAcceptance();
  if (process.env.MUSTER_ACCEPTANCE_BORROWED !== undefined) return;
  execFileSync("./scripts/demo", [], { cwd: checkout(), stdio: "inherit" });
}
