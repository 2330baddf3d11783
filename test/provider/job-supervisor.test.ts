import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { supervisorProgram } from "../../provider/muster/kinds/job/gang-files";
import { sweepScript } from "../../provider/muster/kinds/job/host-scripts";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { BOUND_SECONDS, Gang } from "../support/gang";

const root = process.getuid?.() === 0;
const cleanup = new Cleanup();

test("the supervisor is plain sh", () => {
  execFileSync("shellcheck", ["-"], { input: supervisorProgram });
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
      process.kill(Number(gang.text("leader").split(" ")[0]), "SIGKILL");
      await until("no rank is left", async () => gang.alive() === "" || undefined);
      expect(gang.text("done")).toBe("");
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
    const marked = sleeper(`${name}:x`);
    const other = sleeper(`${name}2:x`);
    const ended = new Promise(resolve => marked.on("exit", (_code, signal) => resolve(signal)));
    expect(execFileSync("sh", ["-c", sweepScript(name, 2)]).toString()).toBe("");
    expect(await ended).toBe("SIGTERM");
    expect(other.exitCode ?? other.signalCode).toBeNull();
  });
});
