import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { SimulatedHost } from "../acceptance/simulated-host";

/** The simulated hosts of the fault tests: their names in Docker begin so, and their addresses are below this subnet. */
export const sandbox = "flt";
const subnet = "10.78.0";

export interface HostPlace {
  readonly name: string;
  readonly address: string;
}

/** Twenty hosts; the rows of the table work on the first two or three. */
export const places: readonly HostPlace[] = Array.from({ length: 20 }, (_, index) => ({
  name: `node-${index + 1}`,
  address: `${subnet}.${11 + index}`,
}));

/** This checkout: its compiled program is what is tested. */
export const source = path.resolve(__dirname, "../..");

/** The checkout whose sandbox runs the hosts; given by the global setup. */
export function siteFolder(): string {
  const found = process.env.MUSTER_FAULTS_SITE;
  if (found === undefined) throw new Error("no site: the fault tests are started by ./scripts/test faults");
  return found;
}

/** Keys and known_hosts of the hosts. */
export function sandboxFolder(site = siteFolder()): string {
  return path.join(site, ".muster/sandbox/faults");
}

export function dockerHostOf(site = siteFolder()): string {
  const images = fs.readFileSync(path.join(site, ".muster/sandbox/images.env"), "utf8");
  const found = /^DOCKER_HOST=(.*)$/m.exec(images)?.[1];
  if (found === undefined) throw new Error(`${site}: its images.env names no Docker`);
  return found;
}

/** A host seen from outside, through the Docker daemon that runs it. */
export function simulatedHost(name: string): SimulatedHost {
  return new SimulatedHost(name, sandbox, () => dockerHostOf());
}

const environment = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "fault tests" };

function muster(...args: string[]): void {
  execFileSync(process.execPath, [path.join(source, "dist/cli/main.js"), ...args], {
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Makes the hosts, on the Docker of the site; keys first, so that they are known before the first connection. */
export function raiseHosts(site: string): void {
  const folder = sandboxFolder(site);
  execFileSync(path.join(site, "sandbox/keys"), [folder, String(places.length)]);
  const settings = { hosts: places.length, gpus: 1, name: sandbox, subnet, folder, dockerHost: dockerHostOf(site) };
  const lines = Object.entries(settings).map(([key, value]) => `  muster-sandbox:${key}: "${value}"\n`);
  fs.writeFileSync(path.join(site, "sandbox/Pulumi.faults.yaml"), `config:\n${lines.join("")}`);
  const project = path.join(site, "sandbox");
  if (!fs.existsSync(path.join(project, ".muster/.pulumi/stacks/muster-sandbox/faults.json"))) {
    muster("--cwd", project, "stack", "init", "faults");
  }
  muster("--cwd", project, "up", "-s", "faults", "--yes", "--skip-preview");
}

export function razeHosts(site: string): void {
  muster("--cwd", path.join(site, "sandbox"), "destroy", "-s", "faults", "--yes", "--skip-preview");
}
