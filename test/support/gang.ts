import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gangFiles, gangRecord, supervisorProgram } from "../../provider/muster/kinds/job/gang-files";
import type { JobInputs } from "../../provider/muster/kinds/job/inputs";
import type { Cleanup } from "./cleanup";
import { until } from "./command";
import { leashed } from "./leash";

/** Less than a test's own bound, so that what was waited for is named. */
export const BOUND_SECONDS = 45;
let serial = 0;

/**
 * The real supervisor with real processes, all ranks on this machine: the channels are plain shells instead of docker and ssh.
 * It writes below /run, so it needs root as it does on a host.
 */
export class Gang {
  readonly name = `unit-${process.pid}-${serial++}`;
  readonly folder: string;

  /** `within`: where the job's folder is made, under the job's name. */
  constructor(
    private readonly cleanup: Cleanup,
    private readonly commands: readonly string[],
    private readonly mode: JobInputs["mode"] = "completed",
    within?: string,
  ) {
    this.folder = within === undefined ? mkdtempSync(join(tmpdir(), "muster-gang-")) : join(within, this.name);
    cleanup.add(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Starts a run in an empty folder. `supervisor` changes the program for the test. */
  start(incarnation = "abc", supervisor: (program: string) => string = program => program): this {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
    const inputs: JobInputs = {
      name: this.name,
      mode: this.mode,
      identity: {},
      waitSeconds: 0,
      stopSeconds: 2,
      secretEnv: { TOKEN: "hu'sh\ntwo" },
      ranks: this.commands.map(body => ({ host: "here", argv: ["sh", "-c", body], env: { WORD: "a b" } })),
    };
    for (const [file, text] of gangFiles("demo", inputs, incarnation)) writeFileSync(join(this.folder, file), text);
    writeFileSync(join(this.folder, "supervisor"), supervisor(supervisorProgram));
    writeFileSync(join(this.folder, "job.json"), JSON.stringify(gangRecord("demo", inputs, incarnation)));
    const leader = leashed("sh", "./supervisor", "lead", this.folder);
    // All that comes of it has the folder in its environment.
    const env = { ...process.env, MUSTER_TEST_GANG: this.folder };
    const { pid } = spawn(...leader, { detached: true, stdio: "ignore", env, cwd: this.folder }).on(
      "error",
      () => undefined,
    );
    this.cleanup.add(() => endAll(`MUSTER_TEST_GANG=${this.folder}`));
    if (pid === undefined) throw new Error("the supervisor did not start");
    return this;
  }

  text(file: string): string {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  started(rank: number): Promise<true> {
    return until(`rank ${rank} starts`, async () => this.text(`rank-${rank}.pid`) !== "" || undefined, BOUND_SECONDS);
  }

  async done(): Promise<string[]> {
    const said = await until("the gang ends", async () => this.text("done") || undefined, BOUND_SECONDS);
    return said.trim().split(" ");
  }

  /** The supervisor's process id. */
  get leader(): number {
    return Number(this.text("leader").split(" ")[0]);
  }

  /** Processes that carry the job's mark. */
  alive(): string {
    return withEnvironment(`MUSTER_JOB=${this.name}:`).join(" ");
  }
}

/** Ids of the processes that have this text in their environment. */
function withEnvironment(text: string): number[] {
  const found = execFileSync("sh", ["-c", 'grep -lF "$1" /proc/[0-9]*/environ 2>/dev/null; exit 0', "sh", text]);
  return [...found.toString().matchAll(/^\/proc\/(\d+)\//gm)].map(match => Number(match[1]));
}

/** What a test that failed left running; nothing, if it did not. */
function endAll(mark: string): Promise<true> {
  return until(
    `the end of ${mark}`,
    async () => {
      const left = withEnvironment(mark);
      for (const pid of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It ended by itself in between.
        }
      }
      return left.length === 0 || undefined;
    },
    BOUND_SECONDS,
  );
}
