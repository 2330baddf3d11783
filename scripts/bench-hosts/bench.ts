import { mkdirSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { type Measured, measure } from "./command";
import { differences, type HostState, hostStateScript, parseHostState } from "./host-state";
import type { BenchOptions } from "./options";
import { forgetKeys, writePeerSite } from "./peer-site";
import { type Site, siteAt } from "./place";
import { freshProject, muster } from "./project";
import type { RunName, RunRecord, ToolName } from "./results";
import type { Fleet } from "./sandbox";
import type { SimulatedHosts } from "./simulated-hosts";
import { rotated } from "./statistics";
import { upCommand, withSockets } from "./tools";

/** A row of the plan, as `muster preview` prints it. */
const PLAN_LINE = /^ +[+~-] +\S/;

const RESET = `docker rm -f ms >/dev/null 2>&1
rm -rf /var/lib/muster /root/.ansible /tmp/pyinfra-* /tmp/ansible-*
! docker inspect ms >/dev/null 2>&1`;

/** A site whose end is known: what muster makes of each bare host is what every tool must make of it. */
interface Ground {
  readonly site: Site;
  readonly wanted: readonly HostState[];
}

/** Measures every tool at every size, interleaved, and checks from outside what each run left. */
export class Bench {
  readonly records: RunRecord[] = [];
  /** That every tool leaves on each host. */
  filesPerHost = 0;
  private readonly logs: string;

  constructor(
    private readonly options: BenchOptions,
    private readonly folder: string,
    private readonly fleet: Fleet,
    private readonly hosts: SimulatedHosts,
    private readonly venv: string,
    private readonly progress: (text: string) => void,
  ) {
    this.logs = join(folder, "logs");
  }

  /** @throws Error naming what a tool left undone, or the log of a run that failed */
  async run(): Promise<void> {
    mkdirSync(this.logs, { recursive: true });
    const grounds: Ground[] = [];
    for (const size of this.options.hosts) grounds.push(await this.prepare(size));
    for (let repetition = 0; repetition < this.options.repeat; repetition++) {
      for (const ground of grounds) {
        for (const tool of rotated(this.options.tools, repetition)) await this.both(ground, tool, repetition);
      }
    }
    for (const { site } of grounds.slice(-1)) await this.reset(site);
  }

  /** One up by muster that is not measured: it warms the hosts, and its result is the pattern. */
  private async prepare(size: number): Promise<Ground> {
    this.progress(`${size} hosts: the pattern, by muster`);
    const site = siteAt(this.folder, this.fleet.nodes.slice(0, size));
    await this.reset(site);
    await freshProject(site, this.fleet);
    await measure(
      muster(site, ["up", "-s", "bench", "--yes", "--skip-preview"]),
      join(this.logs, `pattern-${size}.log`),
    );
    const wanted = await this.states(site);
    this.filesPerHost = [...(wanted[0]?.files.values() ?? [])].filter(file => file.type === "f").length;
    await this.proveMesh(site);
    await writePeerSite(site, this.hosts, this.fleet);
    return { site, wanted };
  }

  /** First and second run of a tool, on hosts that were bare. */
  private async both(ground: Ground, tool: ToolName, repetition: number): Promise<void> {
    const { site, wanted } = ground;
    await this.reset(site);
    if (tool === "muster") await freshProject(site, this.fleet);
    else await forgetKeys(site);
    if (tool === "muster") await this.measured(site, tool, "preview", repetition);
    await this.measured(site, tool, "first", repetition);
    const made = await this.states(site);
    refuse(
      tool,
      site,
      made.map((state, index) => differences(wanted[index] ?? state, state)),
    );
    await this.proveMesh(site);
    await this.measured(site, tool, "second", repetition);
    const kept = await this.states(site);
    refuse(
      tool,
      site,
      kept.map((state, index) => changedSince(made[index] ?? state, state)),
    );
  }

  private async measured(site: Site, tool: ToolName, run: RunName, repetition: number): Promise<void> {
    const names = site.nodes.map(node => node.name);
    const meters = await this.hosts.each(names, name => this.hosts.meter(name));
    const loadBefore = loadavg()[0] ?? 0;
    const log = join(this.logs, `${tool}-${site.nodes.length}-${run}-${repetition + 1}.log`);
    const measured = await withSockets(sockets => this.once(site, tool, run, sockets, log));
    const after = await this.hosts.each(names, name => this.hosts.meter(name));
    const [place = { logBytes: 0 }] = meters;
    const counts = await this.hosts.each(names, name =>
      this.hosts.countedSince(name, meters[names.indexOf(name)] ?? place),
    );
    const deaf = names.filter((_, index) => !counts[index]?.handshakes || !counts[index]?.execs);
    if (deaf.length > 0)
      throw new Error(`${tool} ran, but nothing was counted at the ssh server of ${deaf.join(", ")}`);
    this.records.push({
      tool,
      hosts: names.length,
      run,
      repetition: repetition + 1,
      seconds: measured.seconds,
      operatorCpuSeconds: measured.cpuSeconds,
      hostCpuSeconds: after.flatMap(({ cpuSeconds }, index) => {
        const before = meters[index]?.cpuSeconds;
        return cpuSeconds === undefined || before === undefined ? [] : [cpuSeconds - before];
      }),
      handshakes: counts.map(count => count.handshakes),
      execs: counts.map(count => count.execs),
      ...(measured.firstLineSeconds !== undefined && { firstLineSeconds: measured.firstLineSeconds }),
      loadBefore,
    });
    const text = `${names.length} hosts, repetition ${repetition + 1}: ${tool} ${run} ${measured.seconds.toFixed(2)} s`;
    this.progress(text);
  }

  private once(site: Site, tool: ToolName, run: RunName, sockets: string, log: string): Promise<Measured> {
    if (run === "preview") return measure(muster(site, ["preview", "-s", "bench"]), log, PLAN_LINE);
    return measure(upCommand(tool, site, this.venv, sockets), log);
  }

  private async reset(site: Site): Promise<void> {
    await this.hosts.each(
      site.nodes.map(node => node.name),
      name => this.hosts.ask(name, RESET),
    );
  }

  private states(site: Site): Promise<HostState[]> {
    return this.hosts.each(
      site.nodes.map(node => node.name),
      async name => parseHostState(await this.hosts.ask(name, hostStateScript)),
    );
  }

  /** From the first node's container to every node's, by name, with pinned host keys. */
  private async proveMesh({ nodes }: Site): Promise<void> {
    const names = nodes.map(node => node.name);
    const ssh = `for node in ${names.join(" ")}; do ssh -o BatchMode=yes -o StrictHostKeyChecking=yes "$node" hostname & done; wait`;
    const answers = await this.hosts.ask(names[0] ?? "", `docker exec -i ms bash -s 2>&1`, ssh);
    const missing = names.filter(name => !answers.split("\n").includes(name));
    if (missing.length > 0)
      throw new Error(`the mesh does not reach ${missing.join(", ")} from ${names[0]}:\n${answers}`);
  }
}

function changedSince(before: HostState, now: HostState): string[] {
  const remade = before.containerId === now.containerId ? [] : ["the container was made anew"];
  return [...remade, ...differences(before, now)];
}

function refuse(tool: ToolName, { nodes }: Site, found: readonly string[][]): void {
  const lines = found.flatMap((differing, index) => differing.map(text => `${nodes[index]?.name}: ${text}`));
  if (lines.length > 0)
    throw new Error(`${tool} did not leave the hosts as they should be:\n${lines.slice(0, 20).join("\n")}`);
}
