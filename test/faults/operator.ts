import * as fs from "node:fs";
import * as path from "node:path";
import type { TcpRelay } from "../support/tcp-relay";
import { Checkout } from "./checkout";
import { places, sandboxFolder } from "./site";
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

/** A person with the small `up`: a cluster file, a state, and what is wanted. */
export class Operator extends Checkout {
  private wanted: Wanted;

  /** `relays`: where the operator reaches each host. */
  constructor(
    parent: string,
    readonly cluster: string,
    private readonly relays: ReadonlyMap<string, TcpRelay>,
    first: Omit<Wanted, "clusterFile">,
  ) {
    super(parent, cluster, "test/faults/program/index.js");
    this.wanted = { ...first, clusterFile: path.join(this.folder, "cluster.yaml") };
    this.want({});
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
    fs.writeFileSync(path.join(this.folder, "wanted.json"), JSON.stringify(this.wanted));
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
}
