import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Command, output } from "./command";
import { checkout, type Site } from "./place";

/** The image of the node containers, on every host before anything is measured. */
export const IMAGE = "muster-bench-node:dev";

/** The stack holds nothing but simulated hosts. */
const PASSPHRASE = "bench";

/** `muster …` on the site's stack, as a person would type it. */
export function muster(site: Site, args: readonly string[]): Command {
  return {
    program: process.execPath,
    args: [join(checkout, "dist", "cli", "main.js"), ...args],
    cwd: site.project,
    env: { PULUMI_CONFIG_PASSPHRASE: PASSPHRASE },
  };
}

/** A project of its own that runs the checkout's program, with a stack in which nothing was ever made. */
export async function freshProject(site: Site, keys: { identityFile: string; knownHosts: string }): Promise<void> {
  rmSync(site.project, { recursive: true, force: true });
  mkdirSync(site.project, { recursive: true });
  const put = (file: string, text: string): void => writeFileSync(join(site.project, file), text);
  const toCheckout = relative(site.project, checkout);
  put("Pulumi.yaml", projectText(toCheckout));
  put("Pulumi.bench.yaml", "config:\n  muster:cluster: cluster.yaml\n");
  put("cluster.yaml", clusterText(site, keys));
  await output(muster(site, ["stack", "init", "bench"]));
}

function projectText(toCheckout: string): string {
  return `name: muster
runtime:
  name: nodejs
  options: {typescript: false}
main: ${join(toCheckout, "dist", "index.js")}
backend: {url: "file://./.muster"}
options: {refresh: always}
plugins:
  providers:
    - {name: muster, path: ${join(toCheckout, "provider")}}
`;
}

function clusterText(site: Site, { identityFile, knownHosts }: { identityFile: string; knownHosts: string }): string {
  const hosts = site.nodes.map(
    ({ name, address, port }) => `  - {name: ${name}, address: ${address}, port: ${port}}\n`,
  );
  return `cluster: bench
hosts:
${hosts.join("")}ssh: {user: root, identityFile: ${identityFile}}
knownHosts: ${knownHosts}
image: {reference: "${IMAGE}", pull: false, swift: 3.7.1}
container: {name: ms, shmSizeGib: 1, sshPort: 2333}
slots: 2
`;
}
