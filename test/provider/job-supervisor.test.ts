import { execFileSync, spawn } from "node:child_process";
import { existsSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processMark, supervisorProgram } from "../../provider/muster/kinds/job/gang-files";
import { startScript, stopScript, sweepScript } from "../../provider/muster/kinds/job/host-scripts";
import { observationScript, parseObservation } from "../../provider/muster/kinds/job/observation";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { BOUND_SECONDS, Gang } from "../support/gang";

const root = process.getuid?.() === 0;
const cleanup = new Cleanup();

test("the supervisor and the scripts around it are plain sh", () => {
  const scripts = [stopScript("/f", 5), sweepScript("m", 5), observationScript("/f", 5, "/r"), startScript("/f")];
  for (const input of [supervisorProgram, ...scripts]) execFileSync("shellcheck", ["--shell=sh", "-"], { input });
});

(root ? describe : describe.skip)(root ? "the supervisor" : "the supervisor (needs root)", () => {
  afterEach(cleanup.run);

  test(
    "runs all ranks to the end, with their environment, and forgets the secret",
    async () => {
      const gang = new Gang(cleanup, ['echo "$WORD:$TOKEN"; echo bad >&2', "exit 0"]).start();
      expect((await gang.done())[0]).toBe("completed");
      expect(gang.text("rank-0.log")).toBe("a b:hu'sh\ntwo\nbad\n");
      expect(existsSync(join(gang.folder, "rank-0.launch"))).toBe(false);
      expect(execFileSync("sh", ["-c", `grep -rl "hu'sh" ${gang.folder}; exit 0`]).toString()).toBe(
        `${gang.folder}/rank-0.log\n`,
      );
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "one rank's failure ends the silent others, re-parented and stubborn children too",
    async () => {
      const stubborn = "trap '' TERM; (setsid sleep 600 &); (sleep 600 &); sleep 600; sleep 600";
      const gang = new Gang(cleanup, [stubborn, "sleep 1; exit 3"]).start();
      const [status, , rank, code] = await gang.done();
      expect([status, rank, code]).toEqual(["failed", "1", "3"]);
      expect(gang.text("rank-0.exit")).toMatch(/^- stopped /);
      expect(gang.alive()).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "a rank killed by a signal is told as 128 + n",
    async () => {
      const gang = new Gang(cleanup, ["kill -9 $$", "sleep 600"]).start();
      const [status, , rank, code] = await gang.done();
      expect([status, rank, code]).toEqual(["failed", "0", "137"]);
      expect(gang.alive()).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "a server that ends has failed, whatever its exit code",
    async () => {
      expect((await new Gang(cleanup, ["exit 0"], "ready").start().done())[0]).toBe("failed");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "stops when asked",
    async () => {
      const gang = new Gang(cleanup, ["sleep 600", "sleep 600"]).start();
      await Promise.all([gang.started(0), gang.started(1)]);
      writeFileSync(join(gang.folder, "stop"), "");
      expect((await gang.done())[0]).toBe("stopped");
      expect(gang.alive()).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "a channel that breaks ends the gang on both sides",
    async () => {
      const gang = new Gang(cleanup, ["sleep 600", "sleep 600"]).start();
      await Promise.all([gang.started(0), gang.started(1)]);
      process.kill(Number(gang.text("rank-1.through")), "SIGKILL");
      const [status, , rank, , why] = await gang.done();
      expect([status, rank, why]).toEqual(["failed", "1", "channel"]);
      expect(gang.alive()).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "ranks do not outlive a leader that was killed",
    async () => {
      const gang = new Gang(cleanup, ["sleep 600", "sleep 600"]).start();
      await Promise.all([gang.started(0), gang.started(1)]);
      process.kill(gang.leader, "SIGKILL");
      await until("no rank is left", async () => gang.alive() === "" || undefined);
      expect(gang.text("done")).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "a job whose folder was deleted is still ended, supervisor and ranks",
    async () => {
      const gang = new Gang(cleanup, ["exec sleep 600", "exec sleep 600"]).start();
      await Promise.all([gang.started(0), gang.started(1)]);
      const { leader } = gang;
      rmSync(gang.folder, { recursive: true });
      execFileSync("sh", ["-c", stopScript(gang.folder, 5)]);
      await until("the supervisor is gone", async () => !isAlive(leader) || undefined);
      const mark = processMark("demo", gang.name);
      expect(execFileSync("sh", ["-c", sweepScript(mark, 2)]).toString()).toBe("");
      expect(gang.alive()).toBe("");
    },
    BOUND_SECONDS * 1000,
  );

  test(
    "how long a job runs does not depend on the host's clock",
    async () => {
      const gang = new Gang(cleanup, ["exec sleep 600"]).start();
      await gang.started(0);
      const observed = () => parseObservation(execFileSync("sh", ["-c", observationScript(gang.folder, 0)]).toString());
      for (const hours of [-5, 5]) {
        const then = Date.now() / 1000 + hours * 3600;
        utimesSync(join(gang.folder, "job.json"), then, then);
        expect(observed()).toMatchObject({ supervised: true });
        expect(observed()?.ageSeconds).toBeGreaterThanOrEqual(0);
        expect(observed()?.ageSeconds).toBeLessThan(3600);
      }
    },
    BOUND_SECONDS * 1000,
  );

  test("a sweep from the host ends what carries the mark, and only that", async () => {
    const name = `sweep-${process.pid}`;
    const sleeper = (mark: string) => {
      const child = spawn("sleep", ["600"], { env: { ...process.env, MUSTER_JOB: mark }, stdio: "ignore" });
      cleanup.add(() => child.kill());
      return child;
    };
    const marked = sleeper(`${processMark("dev", name, "x")}:0.`);
    const others = [processMark("dev", `${name}2`), processMark("dev2", name), processMark("prod", name)].map(sleeper);
    const ended = new Promise(resolve => marked.on("exit", (_code, signal) => resolve(signal)));
    expect(execFileSync("sh", ["-c", sweepScript(processMark("dev", name), 2)]).toString()).toBe("");
    expect(await ended).toBe("SIGTERM");
    for (const other of others) expect(other.exitCode ?? other.signalCode).toBeNull();
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
