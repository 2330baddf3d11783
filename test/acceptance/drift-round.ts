import * as fs from "node:fs";
import * as path from "node:path";
import type { Finished } from "../support/command";
import { changes, muster, up } from "./muster";
import type { SimulatedHost } from "./simulated-host";
import { checkout } from "./site";

/** One thing that somebody does behind muster's back. */
export interface Drift {
  readonly name: string;
  readonly host: SimulatedHost;
  /** The resource that preview has to name. */
  readonly resource: string;
  readonly harm: () => Promise<unknown>;
  /** What preview says below the resource's name: the fields, and how they differ. */
  readonly names: readonly RegExp[];
  /** What preview must not say. */
  readonly hides?: RegExp;
  /** The step that repairs it. */
  readonly step: string;
  /** Steps that follow from it. */
  readonly alsoSteps?: readonly RegExp[];
  /** All that the host is told, as the audit log has it. */
  readonly mutations: readonly (string | RegExp)[];
  /** What the host may be told because of what follows from it. */
  readonly alsoMutations?: readonly RegExp[];
  /** What the host's engine does to containers. Default: nothing. */
  readonly events?: readonly string[];
  /** What can be seen on the host. It has to be the same before the harm and after the repair. */
  readonly evidence: (host: SimulatedHost) => Promise<string>;
}

interface AuditLine {
  readonly host: string;
  readonly what: string;
}

interface Seen {
  readonly fingerprints: readonly string[];
  readonly times: readonly number[];
  readonly audit: number;
}

/** Harms all at once, then: preview, up, and up again. Each drift keeps its own evidence. */
export class Round {
  private readonly before = new Map<Drift, string>();
  private readonly after = new Map<Drift, string>();
  private preview = "";
  private steps: string[] = [];
  private mutations: AuditLine[] = [];
  private events = new Map<SimulatedHost, string[]>();
  private readonly changedByPreview: { before: unknown; after: unknown } = { before: undefined, after: undefined };
  private again: { done?: Finished; mutations: AuditLine[]; events: string[]; same: boolean } = {
    mutations: [],
    events: [],
    same: false,
  };

  constructor(
    private readonly hosts: readonly SimulatedHost[],
    private readonly drifts: readonly Drift[],
  ) {}

  async run(): Promise<void> {
    for (const drift of this.drifts) this.before.set(drift, await drift.evidence(drift.host));
    for (const drift of this.drifts) await drift.harm();

    const harmed = await this.look();
    const shown = await muster(["preview", "-s", "dev", "--diff"]);
    this.preview = shown.stdout;
    if (shown.code !== 0) throw new Error(shown.stdout + shown.stderr);
    const previewed = await this.look();
    this.changedByPreview.before = harmed.fingerprints;
    this.changedByPreview.after = previewed.fingerprints;

    this.steps = changes(await up());
    this.mutations = auditLines().slice(previewed.audit);
    for (const [index, host] of this.hosts.entries())
      this.events.set(host, await host.containerEvents(previewed.times[index] ?? 0));
    for (const drift of this.drifts) this.after.set(drift, await drift.evidence(drift.host));

    const settled = await this.look();
    const done = await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--expect-no-changes", "--json"]);
    const events = await Promise.all(this.hosts.map((host, index) => host.containerEvents(settled.times[index] ?? 0)));
    const same = JSON.stringify((await this.look()).fingerprints) === JSON.stringify(settled.fingerprints);
    this.again = { done, mutations: auditLines().slice(settled.audit), events: events.flat(), same };
  }

  expectPreviewChangedNothing(): void {
    expect(this.changedByPreview.after).toEqual(this.changedByPreview.before);
  }

  expectRepaired(drift: Drift): void {
    const block = blockOf(this.preview, drift.resource);
    for (const pattern of drift.names) expect(block).toMatch(pattern);
    if (drift.hides) expect(this.preview).not.toMatch(drift.hides);
    expect(this.steps).toContain(drift.step);
    for (const wanted of drift.mutations) {
      const told = this.mutations.filter(line => line.host === drift.host.name).map(line => line.what);
      expect(told).toContainEqual(typeof wanted === "string" ? wanted : expect.stringMatching(wanted));
    }
    expect(this.after.get(drift)).toBe(this.before.get(drift));
  }

  /** Every step, every line of the audit log and every container event belongs to a drift of the table. */
  expectNothingElse(): void {
    const isStep = (step: string) =>
      this.drifts.some(drift => drift.step === step || drift.alsoSteps?.some(pattern => pattern.test(step)));
    expect(this.steps.filter(step => !isStep(step))).toEqual([]);
    const isTold = (line: AuditLine) =>
      this.drifts.some(
        drift =>
          drift.host.name === line.host &&
          [...drift.mutations, ...(drift.alsoMutations ?? [])].some(wanted =>
            typeof wanted === "string" ? wanted === line.what : wanted.test(line.what),
          ),
      );
    expect(this.mutations.filter(line => !isTold(line))).toEqual([]);
    for (const host of this.hosts) {
      const wanted = this.drifts.filter(drift => drift.host === host).flatMap(drift => drift.events ?? []);
      expect([...(this.events.get(host) ?? [])].sort()).toEqual([...wanted].sort());
    }
    expect(this.again.done?.code).toBe(0);
    expect(this.again).toMatchObject({ mutations: [], events: [], same: true });
  }

  private async look(): Promise<Seen> {
    return {
      fingerprints: await Promise.all(this.hosts.map(host => host.fingerprint())),
      times: await Promise.all(this.hosts.map(host => host.now())),
      audit: auditLines().length,
    };
  }
}

/** What muster has told hosts so far, in the checkout's own audit log. */
function auditLines(): AuditLine[] {
  const file = path.join(checkout(), ".muster/audit.log");
  return (
    fs
      .readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as AuditLine)
      // Small changes of one host travel in one command, which is one line that names them all.
      .flatMap(line => line.what.split("; ").map(what => ({ ...line, what })))
  );
}

/** The lines of a plan that belong to a resource: from its name to the next one's. */
function blockOf(plan: string, resource: string): string {
  const lines = plan.split("\n");
  const named = (line: string) => /^ *[-+~±]* +(dev-\S+) {2}[A-Z]\w+/.exec(line)?.[1];
  const start = lines.findIndex(line => named(line) === resource);
  if (start < 0) return "";
  const length = lines.slice(start + 1).findIndex(line => named(line) !== undefined || /^ +\d+ unchanged$/.test(line));
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}
