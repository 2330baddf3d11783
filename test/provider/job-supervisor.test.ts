import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gangFiles } from "../../provider/muster/kinds/job/gang-files";
import { sweepScript } from "../../provider/muster/kinds/job/host-scripts";
import type { JobInputs } from "../../provider/muster/kinds/job/inputs";
import { Cleanup } from "../support/cleanup";
import { leashed } from "../support/leash";

/**
 * The real supervisor with real processes, all ranks on this machine: the channels are plain shells instead of docker and ssh.
 * It writes below /run, so it needs root as it does on a host.
 */
const root = process.getuid?.() === 0;

/** Less than the test's own bound, so that what was waited for is named. */
const BOUND_MILLISECONDS = 45_000;
const cleanup = new Cleanup();
let serial = 0;

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + BOUND_MILLISECONDS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not happen: ${what}`);
    await sleep(50);
  }
}

class Gang {
  readonly name = `unit-${process.pid}-${serial++}`;
  readonly folder = mkdtempSync(join(tmpdir(), "muster-gang-"));

  constructor(commands: readonly string[], mode: JobInputs["mode"] = "completed") {
    const inputs: JobInputs = {
      name: this.name,
      mode,
      identity: {},
      waitSeconds: 0,
      stopSeconds: 2,
      secretEnv: { TOKEN: "hu'sh\ntwo" },
      ranks: commands.map(body => ({ host: "here", argv: ["sh", "-c", body], env: { WORD: "a b" } })),
    };
    for (const [file, text] of gangFiles(inputs, "abc")) writeFileSync(join(this.folder, file), text);
    copyFileSync(join(__dirname, "../../provider/muster/kinds/job/supervisor.sh"), join(this.folder, "supervisor"));
    const leader = leashed("sh", join(this.folder, "supervisor"), "lead", this.folder);
    // All that comes of it has the folder in its environment.
    const env = { ...process.env, MUSTER_TEST_GANG: this.folder };
    const { pid } = spawn(...leader, { detached: true, stdio: "ignore", env }).on("error", () => undefined);
    cleanup.add(() => rmSync(this.folder, { recursive: true, force: true }));
    cleanup.add(() => endAll(`MUSTER_TEST_GANG=${this.folder}`));
    if (pid === undefined) throw new Error("the supervisor did not start");
  }

  text(file: string): string {
    const path = join(this.folder, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  started(rank: number): Promise<void> {
    return until(`rank ${rank} starts`, () => this.text(`rank-${rank}.pid`) !== "");
  }

  async done(): Promise<string[]> {
    await until("the gang ends", () => this.text("done") !== "");
    return this.text("done").trim().split(" ");
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
function endAll(mark: string): Promise<void> {
  return until(`the end of ${mark}`, () => {
    const left = withEnvironment(mark);
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself in between.
      }
    }
    return left.length === 0;
  });
}

(root ? describe : describe.skip)(root ? "supervisor.sh" : "supervisor.sh (needs root)", () => {
  afterEach(cleanup.run);

  test(
    "runs all ranks to the end, with their environment, and forgets the secret",
    async () => {
      const gang = new Gang(['echo "$WORD:$TOKEN"; echo bad >&2', "exit 0"]);
      expect((await gang.done())[0]).toBe("completed");
      expect(gang.text("rank-0.log")).toBe("a b:hu'sh\ntwo\nbad\n");
      expect(existsSync(join(gang.folder, "rank-0.launch"))).toBe(false);
      expect(execFileSync("sh", ["-c", `grep -rl "hu'sh" ${gang.folder}; exit 0`]).toString()).toBe(
        `${gang.folder}/rank-0.log\n`,
      );
    },
    BOUND_MILLISECONDS,
  );

  test(
    "one rank's failure ends the silent others, re-parented and stubborn children too",
    async () => {
      const stubborn = "trap '' TERM; (setsid sleep 600 &); (sleep 600 &); sleep 600; sleep 600";
      const gang = new Gang([stubborn, "sleep 1; exit 3"]);
      const [status, , rank, code] = await gang.done();
      expect([status, rank, code]).toEqual(["failed", "1", "3"]);
      expect(gang.text("rank-0.exit")).toMatch(/^- stopped /);
      expect(gang.alive()).toBe("");
    },
    BOUND_MILLISECONDS,
  );

  test(
    "a rank killed by a signal is told as 128 + n",
    async () => {
      const gang = new Gang(["kill -9 $$", "sleep 600"]);
      const [status, , rank, code] = await gang.done();
      expect([status, rank, code]).toEqual(["failed", "0", "137"]);
      expect(gang.alive()).toBe("");
    },
    BOUND_MILLISECONDS,
  );

  test(
    "a server that ends has failed, whatever its exit code",
    async () => {
      expect((await new Gang(["exit 0"], "ready").done())[0]).toBe("failed");
    },
    BOUND_MILLISECONDS,
  );

  test(
    "stops when asked",
    async () => {
      const gang = new Gang(["sleep 600", "sleep 600"]);
      await Promise.all([gang.started(0), gang.started(1)]);
      writeFileSync(join(gang.folder, "stop"), "");
      expect((await gang.done())[0]).toBe("stopped");
      expect(gang.alive()).toBe("");
    },
    BOUND_MILLISECONDS,
  );

  test(
    "a channel that breaks ends the gang on both sides",
    async () => {
      const gang = new Gang(["sleep 600", "sleep 600"]);
      await Promise.all([gang.started(0), gang.started(1)]);
      process.kill(Number(gang.text("rank-1.through")), "SIGKILL");
      const [status, , rank, , why] = await gang.done();
      expect([status, rank, why]).toEqual(["failed", "1", "channel"]);
      expect(gang.alive()).toBe("");
    },
    BOUND_MILLISECONDS,
  );

  test(
    "ranks do not outlive a leader that was killed",
    async () => {
      const gang = new Gang(["sleep 600", "sleep 600"]);
      await Promise.all([gang.started(0), gang.started(1)]);
      process.kill(Number(gang.text("leader").split(" ")[0]), "SIGKILL");
      await until("no rank is left", () => gang.alive() === "");
      expect(gang.text("done")).toBe("");
    },
    BOUND_MILLISECONDS,
  );

  test("a sweep from the host ends what carries the mark, and only that", async () => {
    const name = `sweep-${process.pid}`;
    const sleeper = (mark: string) => {
      const child = spawn("sleep", ["600"], { env: { ...process.env, MUSTER_JOB: mark }, stdio: "ignore" });
      cleanup.add(() => child.kill());
      return child;
    };
    const marked = sleeper(`${name}:x`);
    const other = sleeper(`${name}2:x`);
    const ended = new Promise(resolve => marked.on("exit", (_code, signal) => resolve(signal)));
    expect(execFileSync("sh", ["-c", sweepScript(name, 2)]).toString()).toBe("");
    expect(await ended).toBe("SIGTERM");
    expect(other.exitCode ?? other.signalCode).toBeNull();
  });
});
