import * as fs from "node:fs";
import * as path from "node:path";
import type { EngineEvent } from "../../engine/events";
import { type CommandOptions, type Finished, run, start } from "../support/command";
import type { TcpRelay } from "../support/tcp-relay";
import { places, sandboxFolder, source } from "./site";
import type { Wanted } from "./wanted";

/** Settings of a cluster file that differ between the rows; what is not given is as the fixture has it. */
export interface Ways {
  readonly user?: string;
  /** Host whose own address is the way to the others. */
  readonly bastion?: string;
  readonly sudo?: string;
}

/** Time limits of the fixture: low, so that a fault is noticed within seconds. */
const limits = { connectTimeoutSeconds: 3, keepaliveSeconds: 1 };

/** A person with a checkout of their own: a project with the small `up`, a cluster file, a state. */
export class Operator {
  readonly folder: string;
  private wanted: Wanted;

  /** `relays`: where the operator reaches each host. */
  constructor(
    parent: string,
    readonly cluster: string,
    private readonly relays: ReadonlyMap<string, TcpRelay>,
    first: Omit<Wanted, "clusterFile">,
  ) {
    this.folder = fs.mkdtempSync(path.join(parent, `${cluster}-`));
    this.wanted = { ...first, clusterFile: path.join(this.folder, "cluster.yaml") };
    fs.symlinkSync(path.join(source, "node_modules"), path.join(this.folder, "node_modules"));
    const program = path.join(source, "dist/test/faults/program/index.js");
    fs.writeFileSync(path.join(this.folder, "index.js"), `module.exports = require(${JSON.stringify(program)});\n`);
    fs.writeFileSync(path.join(this.folder, "package.json"), '{"main": "index.js"}\n');
    fs.writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      [
        `name: ${cluster}`,
        "runtime: {name: nodejs, options: {typescript: false}}",
        "backend: {url: file://./.muster}",
        "options: {refresh: always}",
        `plugins: {providers: [{name: muster, path: ${path.join(source, "provider")}}]}`,
        "",
      ].join("\n"),
    );
    this.reach();
  }

  /** Writes the cluster file and the pinned keys. */
  reach(ways: Ways = {}): void {
    const known = fs.readFileSync(path.join(sandboxFolder(), "known_hosts"), "utf8");
    const keyOf = (address: string): string => known.split("\n").find(line => line.startsWith(`${address} `)) ?? "";
    const relayed = places.filter(place => this.relays.has(place.name));
    const port = (name: string): number => this.relays.get(name)?.port ?? 22;
    const pins = relayed.map(place => keyOf(place.address).replace(place.address, `[127.0.0.1]:${port(place.name)}`));
    const { bastion, user = "root", sudo } = ways;
    const through = places.find(place => place.name === bastion);
    const hosts = relayed
      .filter(place => place.name !== bastion)
      .map(({ name, address }) =>
        through
          ? `  - {name: ${name}, address: ${address}}\n`
          : `  - {name: ${name}, address: 127.0.0.1, port: ${port(name)}, clusterAddress: ${address}}\n`,
      );
    const ssh = {
      user,
      identityFile: path.join(sandboxFolder(), "id_ed25519"),
      ...limits,
      ...(through && { bastion: { address: "127.0.0.1", port: port(through.name) } }),
      ...(sudo && { sudo }),
    };
    fs.writeFileSync(
      this.wanted.clusterFile,
      [
        `cluster: ${this.cluster}`,
        `hosts:\n${hosts.join("")}ssh: ${JSON.stringify(ssh)}`,
        `knownHosts: ${path.join(this.folder, "known_hosts")}`,
        "image: {reference: x, swift: 3.7.1}",
        "slots: 1",
        "",
      ].join("\n"),
    );
    fs.writeFileSync(path.join(this.folder, "known_hosts"), `${[...pins, known.trim()].join("\n")}\n`);
  }

  get wants(): Wanted {
    return this.wanted;
  }

  want(changes: Partial<Wanted>): void {
    this.wanted = { ...this.wanted, ...changes };
  }

  /** `muster up --yes`, left running. */
  startUp(options: UpOptions = {}) {
    const { through = [], flags = [], ...rest } = options;
    fs.writeFileSync(path.join(this.folder, "wanted.json"), JSON.stringify(this.wanted));
    const argv = [...through, process.execPath, ...this.argv("up", "--yes", "--skip-preview", "--json", ...flags)];
    return start(argv[0] ?? "", argv.slice(1), { ...this.command(), ...rest });
  }

  async up(options: UpOptions = {}): Promise<Up> {
    return new Up(await this.startUp(options).finished);
  }

  async muster(verb: string, ...flags: string[]): Promise<Finished> {
    fs.writeFileSync(path.join(this.folder, "wanted.json"), JSON.stringify(this.wanted));
    return run(process.execPath, this.argv(verb, ...flags), this.command());
  }

  /** Whether an operation holds the stack. */
  isLocked(): boolean {
    const locks = path.join(this.folder, ".muster/.pulumi/locks");
    return (
      fs.existsSync(locks) && fs.readdirSync(locks, { recursive: true }).some(file => String(file).endsWith(".json"))
    );
  }

  /** Changes of hosts that were tried so far: host, what, exit. */
  audit(): { host: string; what: string; exit: number | string }[] {
    const file = path.join(this.folder, "audit.log");
    if (!fs.existsSync(file)) return [];
    return fs
      .readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map(line => JSON.parse(line));
  }

  private argv(verb: string, ...flags: string[]): string[] {
    return [path.join(source, "dist/cli/main.js"), "--cwd", this.folder, verb, "-s", "dev", ...flags];
  }

  private command(): CommandOptions {
    return { cwd: this.folder, env: { PULUMI_CONFIG_PASSPHRASE: "fault tests" }, deadlineSeconds: 120 };
  }
}

export interface UpOptions extends CommandOptions {
  /** A program that runs it, with its arguments. */
  readonly through?: readonly string[];
  readonly flags?: readonly string[];
}

/** An `up` that has ended. */
export class Up {
  constructor(readonly finished: Finished) {}

  get code(): number {
    return this.finished.code;
  }

  /** What the person was told: every error and warning, and what did not fit in there. */
  get told(): string {
    return [...this.messages, this.finished.stderr].join("\n");
  }

  /** Errors and warnings that name a host. */
  toldOf(host: string): string {
    return this.messages.filter(message => message.includes(host)).join("\n");
  }

  private get messages(): string[] {
    return this.events.flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent.message] : []));
  }

  /** `update node-1-text`: what was carried out. */
  get changes(): string[] {
    return this.events.flatMap(event => {
      const step = event.resOutputsEvent?.metadata;
      if (!step || ["same", "refresh", "read"].includes(step.op)) return [];
      return [`${step.op} ${step.urn.split("::").at(-1)}`];
    });
  }

  private get events(): EngineEvent[] {
    return this.finished.stdout
      .split("\n")
      .filter(line => line.startsWith("{"))
      .map(line => JSON.parse(line) as EngineEvent);
  }
}
