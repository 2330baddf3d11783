import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { SimulatedHost } from "../acceptance/simulated-host";
import { TcpRelay } from "../support/tcp-relay";
import type { Up, UpOptions } from "./checkout";
import { type Evidence, evidenceOf, expectConverged } from "./evidence";
import { Operator, type Ways } from "./operator";
import { type HostPlace, places, simulatedHost } from "./site";
import { SlowDocker } from "./slow-docker";
import { writeSmallImage } from "./small-image";
import type { Wanted } from "./wanted";

export const imageReference = "muster-fault-tests:1";

/** The fixture of all rows: hosts that are up, a relay in front of each, and an operator whose small `up` has been done once. */
export class Stage {
  private before = new Map<string, Evidence>();
  private readonly lifts: (() => unknown)[] = [];

  private constructor(
    readonly folder: string,
    readonly relays: ReadonlyMap<string, TcpRelay>,
    readonly operator: Operator,
    private readonly hosts: ReadonlyMap<string, SimulatedHost>,
  ) {}

  static async open(): Promise<Stage> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-faults-"));
    const relays = new Map<string, TcpRelay>();
    for (const { name, address } of places.slice(0, 3)) relays.set(name, await TcpRelay.to(address, 22));
    fs.mkdirSync(path.join(folder, "image"));
    const archive = writeSmallImage(path.join(folder, "image"), imageReference, 4);
    const operator = new Operator(folder, "faults", relays, {
      nodes: ["node-1", "node-2"],
      version: 1,
      generation: 1,
      jobSeconds: 0,
      image: { reference: imageReference, archive },
    });
    const hosts = new Map(places.map(({ name }) => [name, simulatedHost(name)]));
    const stage = new Stage(folder, relays, operator, hosts);
    await stage.remember();
    await stage.converges();
    return stage;
  }

  /** Takes off the hosts what the rows have put there: the next file of tests works on them too. */
  async close(): Promise<void> {
    await this.operator.muster("destroy", "--yes", "--skip-preview");
    // The lines that the job has left are its own, and stay.
    for (const host of this.hosts.values()) await host.sh(`rm -rf /var/lib/muster/${this.operator.cluster}`);
    for (const relay of this.relays.values()) await relay.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  relay(node: string): TcpRelay {
    return found(this.relays, node);
  }

  host(node: string): SimulatedHost {
    return found(this.hosts, node);
  }

  place(node: string): HostPlace {
    return found(new Map(places.map(place => [place.name, place])), node);
  }

  /** Notes at once how a harm is lifted, so that it is also where the row fails. */
  harmed(lift: () => unknown): void {
    this.lifts.push(lift);
  }

  /** Lifts every harm, the last one first. */
  async lift(): Promise<void> {
    for (let lift = this.lifts.pop(); lift; lift = this.lifts.pop()) await lift();
  }

  /** A harm to the way to a host. */
  harmedRelay(node: string): TcpRelay {
    const relay = this.relay(node);
    this.harmed(() => relay.lift());
    return relay;
  }

  /** Harms a host by a shell script; another one lifts that. */
  async harmHost(node: string, script: string, lift: string): Promise<void> {
    this.harmed(() => this.host(node).ask(lift));
    await this.host(node).ask(script);
  }

  async slowDocker(node: string): Promise<SlowDocker> {
    const slow = new SlowDocker(this.host(node));
    this.harmed(() => slow.lift());
    await slow.begin();
    return slow;
  }

  /** Another way to the hosts, until it is lifted. */
  reach(ways: Ways): void {
    this.harmed(() => this.operator.reach());
    this.operator.reach(ways);
  }

  /** Wants something new of every host; what is there now is remembered. */
  async change(changes: Partial<Wanted> = {}): Promise<void> {
    await this.remember();
    this.operator.want({ version: this.operator.wants.version + 1, jobSeconds: 0, upload: undefined, ...changes });
  }

  /** A file of so many megabytes on the operator's side. */
  largeFile(megabytes: number): string {
    const file = path.join(this.folder, "large");
    fs.writeFileSync(file, Buffer.alloc(megabytes * 1_000_000, `${this.operator.wants.version} large `));
    return file;
  }

  async up(options?: UpOptions): Promise<Up> {
    return this.operator.up(options);
  }

  /** Somebody else, who knows the hosts and wants the same of them, but has no state. */
  anotherOperator(): Operator {
    const { clusterFile: _own, ...wants } = this.operator.wants;
    return new Operator(this.folder, this.operator.cluster, this.relays, wants);
  }

  /** What a host shows now. */
  look(node: string): Promise<Evidence> {
    return evidenceOf(this.host(node), this.operator.cluster);
  }

  /** What it showed before the last change. */
  seenBefore(node: string): Evidence {
    return found(this.before, node);
  }

  /** These hosts are as wanted, whatever became of the others. */
  async done(...nodes: string[]): Promise<void> {
    for (const node of nodes) expectConverged(await this.look(node), this.operator.wants, this.seenBefore(node));
  }

  /** One `up` makes everything as wanted; the next one changes nothing, which the hosts themselves show. */
  async converges(): Promise<void> {
    const up = await this.up();
    if (up.code !== 0) throw new Error(`up: exit ${up.code}\n${up.told}`);
    const { nodes } = this.operator.wants;
    await this.done(...nodes);
    const fingerprints = () => Promise.all(nodes.map(node => this.host(node).fingerprint()));
    const [seen, audited] = [await fingerprints(), this.operator.audit().length];
    const again = await this.up({ flags: ["--expect-no-changes"] });
    expect([again.code, again.changes]).toEqual([0, []]);
    expect(this.operator.audit().length).toBe(audited);
    expect(await fingerprints()).toEqual(seen);
  }

  /** After a row that failed: everything lifted, and everything as wanted again as far as that goes. */
  async recover(): Promise<void> {
    await this.lift();
    await this.operator.muster("cancel", "--yes");
    await this.up();
  }

  private async remember(): Promise<void> {
    for (const name of this.operator.wants.nodes) this.before.set(name, await this.look(name));
  }
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}
