import { execFileSync } from "node:child_process";
import type { HostStatus, JobStatusLine } from "../../cli/host-status";
import { besideBefore, type JobFinding, jobFindings } from "../../cli/rank-watch";
import { factOf, presentValue } from "../../facts/fact";
import { type JobProcess, jobProcesses } from "../../facts/job-processes";
import { parseProbe, topicsScript } from "../../facts/probe";
import { activities } from "../../plan/watch/activity";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { BOUND_SECONDS, Gang } from "../support/gang";

const root = process.getuid?.() === 0;
const cleanup = new Cleanup();

const worker = (rank: number, body: string) => `export RANK=${rank} WORLD_SIZE=3; ${body}`;
/** A worker that goes on. */
const lively = (rank: number) => worker(rank, "exec sh -c 'while :; do sleep 0.05; done'");

/** What `status --watch` sees of the gang, look after look; this machine is the only host. */
class Watch {
  private before: HostStatus[] | undefined;

  constructor(
    private readonly gang: Gang,
    private readonly line: Partial<JobStatusLine> = {},
  ) {}

  look(): HostStatus[] {
    const topics = { processes: jobProcesses("demo") };
    const output = execFileSync("sh", ["-c", topicsScript(topics)], { encoding: "utf8" });
    const seen = presentValue(factOf(topics.processes, parseProbe(output).processes));
    if (!seen) throw new Error(output);
    const job = {
      job: this.gang.name,
      incarnation: "abc",
      status: "running",
      ageSeconds: 9,
      ranks: ["here"],
      ...this.line,
    };
    const watched = { ...seen, processes: activities(undefined, seen) };
    const host = { host: "here", reachable: true, gpus: [], disks: [], jobs: [job], watched };
    this.before = besideBefore(this.before, [host]);
    return this.before;
  }

  findings(): JobFinding[] {
    return jobFindings(this.look(), new Map());
  }

  /** The process of a rank, once it is there. */
  pid(rank: number): Promise<number> {
    const isIt = (process: JobProcess) => process.job === this.gang.name && process.rank === rank;
    return until(
      `rank ${rank} runs`,
      async () => this.look().flatMap(({ watched }) => watched?.processes.find(isIt)?.pid ?? [])[0],
      BOUND_SECONDS,
    );
  }

  async tells(what: string, expected: unknown): Promise<void> {
    let last: JobFinding[] = [];
    await until(
      `${what}, not ${JSON.stringify(last)}`,
      async () => {
        last = this.findings();
        return this.isEqual(last, expected) || undefined;
      },
      BOUND_SECONDS,
    );
  }

  private isEqual(actual: unknown, expected: unknown): boolean {
    try {
      expect(actual).toEqual(expected);
      return true;
    } catch {
      return false;
    }
  }
}

async function running(...bodies: string[]): Promise<Gang> {
  const gang = new Gang(cleanup, bodies).start();
  for (const [rank] of bodies.entries()) await gang.started(rank);
  return gang;
}

const named = (rank: number, kind: string) => [
  expect.objectContaining({
    rank,
    kind,
    severity: "problem",
    text: expect.stringMatching(`: rank ${rank} .here, pid `),
  }),
];

(root ? describe : describe.skip)(root ? "ranks that are watched" : "ranks that are watched (needs root)", () => {
  afterEach(cleanup.run);

  test(
    "one that is stopped is named, it alone, and no longer once it goes on",
    async () => {
      const watch = new Watch(await running(lively(0), lively(1), lively(2)));
      expect(watch.findings()).toEqual([]);
      expect(watch.findings()).toEqual([]);
      const pid = await watch.pid(1);
      process.kill(pid, "SIGSTOP");
      await watch.tells("rank 1 is named", named(1, "stopped"));
      process.kill(pid, "SIGCONT");
      await watch.tells("nobody is named", []);
    },
    BOUND_SECONDS * 3000,
  );

  test(
    "one that waits in the kernel is named when the steps stand still, and not while they go on",
    async () => {
      // clone(2) with CLONE_VFORK: the parent is in state D until the child ends, as one that waits for a disk.
      const waits = `exec python3 -c 'import ctypes, time; ctypes.CDLL(None).syscall(56, 0x4011, 0, 0, 0, 0) == 0 and time.sleep(600)'`;
      const gang = await running(lively(0), worker(1, waits), lively(2));
      const standing = { step: 5, steps: 9, silentSeconds: 60 };
      await new Watch(gang, standing).tells("rank 1 is named", named(1, "device-wait"));
      const goesOn = new Watch(gang, { ...standing, silentSeconds: 1 });
      expect([goesOn.findings(), goesOn.findings()]).toEqual([[], []]);
    },
    BOUND_SECONDS * 3000,
  );

  test(
    "one that ended without its launcher's notice is named by the rank that it was",
    async () => {
      const orphaned = `(${worker(1, "exec sleep 600")}) & exec sleep 600`;
      const gang = await running(lively(0), orphaned, lively(2));
      const watch = new Watch(gang, { step: 5, steps: 9, silentSeconds: 60 });
      const pid = await watch.pid(1);
      expect(watch.findings().filter(({ severity }) => severity === "problem")).toEqual([]);
      process.kill(pid, "SIGKILL");
      await watch.tells("rank 1 is named", named(1, "zombie"));
    },
    BOUND_SECONDS * 3000,
  );
});
