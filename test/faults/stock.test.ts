import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { findPulumi } from "../../cli/stock-engine";
import type { SimulatedHost } from "../acceptance/simulated-host";
import { Cleanup } from "../support/cleanup";
import { type Finished, until } from "../support/command";
import { TcpRelay } from "../support/tcp-relay";
import { evidenceOf, expectConverged } from "./evidence";
import { Operator } from "./operator";
import { places, simulatedHost } from "./site";
import { writeSmallImage } from "./small-image";

const reference = "muster-stock-tests:1";
const nodes = ["node-1", "node-2"];
const hosts = nodes.map(node => simulatedHost(node));
const cleanup = new Cleanup();
afterAll(cleanup.run);

/** A person with the stock CLI and the embedded engine on one stack, and what the hosts show of it. */
class BothEngines {
  private constructor(
    readonly operator: Operator,
    private readonly pulumi: string,
  ) {}

  static async open(pulumi: string): Promise<BothEngines> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-stock-"));
    cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
    const relays = new Map<string, TcpRelay>();
    for (const { name, address } of places.filter(place => nodes.includes(place.name))) {
      const relay = await TcpRelay.to(address, 22);
      cleanup.add(() => relay.close());
      relays.set(name, relay);
    }
    fs.mkdirSync(path.join(folder, "image"));
    const archive = writeSmallImage(path.join(folder, "image"), reference, 4);
    const image = { reference, archive };
    const operator = new Operator(folder, "stock", relays, { nodes, version: 1, generation: 1, jobSeconds: 0, image });
    fs.mkdirSync(path.join(operator.folder, ".muster"), { mode: 0o700 });
    cleanup.add(() => each(host => host.sh("rm -rf /var/lib/muster/stock")));
    return new BothEngines(operator, pulumi);
  }

  start(...argv: string[]) {
    return this.operator.startStock(this.pulumi, ...argv);
  }

  /** By stock: it must do well. */
  async stock(...argv: string[]): Promise<Finished> {
    const done = await this.start(...argv).finished;
    if (done.code !== 0) throw new Error(`pulumi ${argv.join(" ")}: exit ${done.code}\n${done.stdout}${done.stderr}`);
    return done;
  }

  /** By the embedded engine: it must do well. */
  async embedded(verb: string, ...flags: string[]): Promise<Finished> {
    const done = await this.operator.muster(verb, ...flags);
    if (done.code !== 0) throw new Error(`muster ${verb}: exit ${done.code}\n${done.stdout}${done.stderr}`);
    return done;
  }

  /** Processes of the provider that work for this folder. */
  providers(): string[] {
    return fs.readdirSync("/proc").filter(pid => {
      try {
        const isProvider = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi-resource-muster");
        return isProvider && fs.readlinkSync(`/proc/${pid}/cwd`) === this.operator.folder;
      } catch {
        return false; // No process, or one that has ended meanwhile.
      }
    });
  }

  /** Both engines find nothing to do, and nothing happens on the hosts when stock does it. */
  async isAtRest(): Promise<void> {
    const seen = async () => [this.operator.audit().length, await each(host => host.fingerprint())];
    const before = await seen();
    await this.stock("up", "--yes", "--expect-no-changes");
    await this.embedded("preview", "--expect-no-changes");
    expect(await seen()).toEqual(before);
  }

  async isAsWanted(earlier: readonly number[]): Promise<void> {
    for (const host of hosts) {
      const found = await evidenceOf(host, "stock");
      expectConverged(found, this.operator.wants, { ...found, runs: earlier });
    }
  }
}

async function each<T>(act: (host: SimulatedHost) => Promise<T>): Promise<T[]> {
  return Promise.all(hosts.map(act));
}

const told = "one stack on the stock CLI and on the embedded engine: up, drift, changes, a run that is killed, destroy";
const pulumi = findPulumi(process.env);
if (pulumi === undefined) test.skip(`${told} (no \`pulumi\` in the PATH)`, () => {});
else {
  test(told, async () => {
    const both = await BothEngines.open(pulumi);
    await both.stock("stack", "init");
    await both.stock("up", "--yes", "--skip-preview");
    await both.isAsWanted([]);
    await both.isAtRest();

    // Drift: named by a preview, which changes nothing, and repaired.
    await simulatedHost("node-1").ask("echo by hand >/var/lib/muster/stock/app/text");
    await simulatedHost("node-2").ask("docker rm -f stock-app");
    const audited = both.operator.audit().length;
    const { stdout } = await both.stock("preview", "--json");
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    const planned = steps.filter(({ op }) => op !== "same" && op !== "refresh");
    expect(planned.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).sort()).toEqual([
      "update node-1-text",
      "update node-2-container",
    ]);
    expect(both.operator.audit().length).toBe(audited);
    await both.stock("up", "--yes", "--skip-preview");
    await both.isAsWanted([1]);

    // A change by the embedded engine: stock has nothing to add.
    both.operator.want({ version: 2 });
    await both.embedded("up", "--yes", "--skip-preview");
    await both.isAsWanted([1]);
    await both.isAtRest();

    // Stock is killed while a job runs. Its provider ends with it; the job goes on, and the other engine waits for it.
    both.operator.want({ version: 3, jobSeconds: 10 });
    const run = both.start("up", "--yes", "--skip-preview");
    await until(
      "a job runs",
      async () => {
        const sleeping = await each(host => host.sh("pgrep -f 'sleep 10; echo 3'"));
        return sleeping.some(({ code }) => code === 0) || undefined;
      },
      120,
    );
    expect(both.providers()).not.toEqual([]);
    run.killGroup("SIGKILL");
    expect((await run.finished).code).toBe(137);
    await until("the end of its provider", async () => both.providers().length === 0 || undefined);
    await both.stock("cancel", "--yes");
    await both.embedded("up", "--yes", "--skip-preview");
    await both.isAsWanted([1, 2]);
    await both.isAtRest();

    await both.stock("destroy", "--yes", "--skip-preview");
    // What the jobs have written is their own, and stays.
    const left = await each(host =>
      host.ask("docker ps -aq --filter label=muster.cluster=stock; ls /var/lib/muster/stock/app"),
    );
    expect(left).toEqual(["runs", "runs"]);
  }, 600_000);
}
