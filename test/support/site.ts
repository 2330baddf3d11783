import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { isKept, makeCheckout } from "../acceptance/site";
import { source } from "./host-set";

/**
 * Brings up the site of a suite: the checkout whose private Docker runs the suite's hosts. One that is named in `variable` is
 * up already and stays up. Afterwards `variable` names it.
 */
export function openSite(variable: string): string {
  const given = process.env[variable];
  if (given !== undefined) {
    process.env[`${variable}_BORROWED`] = "yes";
    return given;
  }
  const site = makeCheckout(source);
  execFileSync("sandbox/daemon/daemon", ["start"], { cwd: site, stdio: "inherit" });
  execFileSync("sandbox/images/build", [], { cwd: site, stdio: "inherit" });
  process.env[variable] = site;
  return site;
}

/** The site that `openSite` brought up or was given. */
export function siteOf(variable: string): string {
  const found = process.env[variable];
  if (found === undefined) throw new Error(`${variable} is not set: this suite is started by ./scripts/test`);
  return found;
}

/** Takes the site down, unless it was given. */
export function closeSite(variable: string): void {
  const site = siteOf(variable);
  if (process.env[`${variable}_BORROWED`] !== undefined) return;
  execFileSync("sandbox/daemon/daemon", [isKept() ? "stop" : "purge"], { cwd: site, stdio: "inherit" });
  if (!isKept()) fs.rmSync(site, { recursive: true, force: true });
}
