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

/** The sandbox project of this checkout; only the Docker and its images are the site's. */
const project = path.join(source, "sandbox");

/** Makes the hosts, on the Docker of the site; keys first, so that they are known before the first connection. */
export function raiseHosts(site: string): void {
  forgetHosts(site);
  const folder = sandboxFolder(site);
  execFileSync(path.join(site, "sandbox/keys"), [folder, String(places.length)]);
  const settings = {
    hosts: places.length,
    gpus: 1,
    name: sandbox,
    subnet,
    folder,
    dockerHost: dockerHostOf(site),
    images: path.join(site, ".muster/sandbox/images.env"),
  };
  const lines = Object.entries(settings).map(([key, value]) => `  muster-sandbox:${key}: "${value}"\n`);
  fs.writeFileSync(path.join(project, "Pulumi.faults.yaml"), `config:\n${lines.join("")}`);
  muster("--cwd", project, "stack", "init", "faults");
  muster("--cwd", project, "up", "-s", "faults", "--yes", "--skip-preview");
}

/** What an earlier run has left, whose Docker may be gone: its hosts, and the state that knows them. */
function forgetHosts(site: string): void {
  const docker = `docker -H ${dockerHostOf(site)}`;
  execFileSync("sh", [
    "-c",
    `${docker} ps -aq --filter name=^${sandbox}-node- | xargs -r ${docker} rm -f
     ${docker} volume ls -q --filter name=^${sandbox}-node- | xargs -r ${docker} volume rm
     ${docker} network rm ${sandbox}-net 2>/dev/null; true`,
  ]);
  for (const folder of ["stacks/muster-sandbox", "locks/organization/muster-sandbox"]) {
    const parent = path.join(project, ".muster/.pulumi", folder);
    if (!fs.existsSync(parent)) continue;
    for (const entry of fs.readdirSync(parent)) {
      if (/^faults(\.|$)/.test(entry)) fs.rmSync(path.join(parent, entry), { recursive: true });
    }
  }
}

export function razeHosts(): void {
  muster("--cwd", project, "destroy", "-s", "faults", "--yes", "--skip-preview");
}
