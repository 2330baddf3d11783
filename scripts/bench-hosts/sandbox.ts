import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostPlaces, knownHostsText } from "../../sandbox/inventory";
import { untilGreeted } from "../../sandbox/ready";
import { type Command, output } from "./command";
import type { BenchOptions } from "./options";
import { checkout, type NodePlace } from "./place";
import { IMAGE } from "./project";
import type { SimulatedHosts } from "./simulated-hosts";

const RELAY_PORT = 2222;
const READY_SECONDS = 60;
const MOST_GPUS = 2;

export interface Fleet {
  readonly nodes: readonly NodePlace[];
  readonly identityFile: string;
  /** Pinned host keys, also of the relays' ports. */
  readonly knownHosts: string;
}

/** A stack of the sandbox's project beside the demo's, with a folder of its own. */
function sandbox(...args: string[]): Command {
  return {
    program: process.execPath,
    args: [join(checkout, "dist", "cli", "main.js"), "--cwd", "sandbox", ...args],
    cwd: checkout,
    env: { PULUMI_CONFIG_PASSPHRASE: "bench" },
  };
}

/** Makes the simulated hosts, or takes those that are there; each with the image of the node containers. */
export async function makeFleet(options: BenchOptions, folder: string, hosts: SimulatedHosts): Promise<Fleet> {
  const count = Math.max(...options.hosts);
  const keys = join(folder, "hosts");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  await output({ program: join(checkout, "sandbox", "keys"), args: [keys, String(count)] });
  const settings = join(checkout, "sandbox", "Pulumi.bench.yaml");
  const salt = existsSync(settings) ? /^encryptionsalt: .*$/m.exec(readFileSync(settings, "utf8"))?.[0] : undefined;
  writeFileSync(settings, `${salt === undefined ? "" : `${salt}\n`}${settingsText(options, count)}`);
  if (!existsSync(join(checkout, "sandbox", ".muster", ".pulumi", "stacks", "muster-sandbox", "bench.json"))) {
    await output(sandbox("stack", "init", "bench"));
  }
  await output(sandbox("up", "-s", "bench", "--yes", "--skip-preview"));

  const places = hostPlaces(count, options.subnet);
  const names = places.map(place => place.name);
  await bringImage(hosts, names);
  const port = options.latencyMs > 0 ? RELAY_PORT : 22;
  await hosts.each(names, name => stopRelay(hosts, name));
  if (options.latencyMs > 0) await hosts.each(names, name => startRelay(hosts, name, options.latencyMs / 2));
  await Promise.all(places.map(place => untilGreeted(place.address, port, READY_SECONDS)));
  const publicKeys = names.map(name => [
    name,
    readFileSync(join(keys, "keys", name, "ssh_host_ed25519_key.pub"), "utf8"),
  ]);
  const pins = knownHostsText(places, Object.fromEntries(publicKeys));
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, port === 22 ? pins : pins.replace(/^(\S+) /gm, `[$1]:${port} `));
  return {
    nodes: places.map(({ name, address }) => ({ name, address, port })),
    identityFile: join(keys, "id_ed25519"),
    knownHosts,
  };
}

export async function removeFleet(): Promise<void> {
  await output(sandbox("destroy", "-s", "bench", "--yes", "--skip-preview"));
}

function settingsText({ name, subnet, dockerHost }: BenchOptions, count: number): string {
  const values = { hosts: count, gpus: MOST_GPUS, name, subnet, dockerHost, folder: "../.muster/bench/hosts" };
  const lines = Object.entries(values).map(([key, value]) => `  muster-sandbox:${key}: "${value}"\n`);
  return `config:\n${lines.join("")}`;
}

/** Made once, on the first host; the others load what it saved, so that all have the same image id. */
async function bringImage(hosts: SimulatedHosts, names: readonly string[]): Promise<void> {
  const [first = "", ...others] = names;
  const find = `docker image inspect -f '{{.Id}}' ${IMAGE} 2>/dev/null || true`;
  const ids = await hosts.each(names, async name => (await hosts.ask(name, find)).trim());
  if (ids[0] !== "" && ids.every(id => id === ids[0])) return;
  const make = readFileSync(join(checkout, "scripts", "bench-hosts", "small-image.sh"));
  if (ids[0] === "") await hosts.ask(first, `sh -s ${IMAGE}`, make);
  const saved = await hosts.bytes(first, `docker save ${IMAGE}`);
  await hosts.each(others, name => hosts.ask(name, "docker load -q", saved));
}

/** A relay process at the host, in front of its ssh server: the simulated network itself knows no delay. */
async function startRelay(hosts: SimulatedHosts, name: string, delayMs: number): Promise<void> {
  await hosts.ask(name, "cat >/run/bench-relay.py", readFileSync(join(checkout, "scripts", "bench-hosts", "relay.py")));
  const run = `echo $$ >/run/bench-relay.pid; exec python3 /run/bench-relay.py ${RELAY_PORT} 22 ${delayMs}`;
  await hosts.leave(name, ["sh", "-c", run]);
}

/** One that an earlier bench left, with its delay. */
async function stopRelay(hosts: SimulatedHosts, name: string): Promise<void> {
  await hosts.ask(
    name,
    '[ ! -e /run/bench-relay.pid ] || { kill "$(cat /run/bench-relay.pid)" 2>/dev/null; rm /run/bench-relay.pid; }',
  );
}
