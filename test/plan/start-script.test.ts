import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderStartScript } from "../../plan/start-script";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { leashed } from "../support/leash";

/** The real script with real processes, in a folder of its own instead of /etc/muster and /run. sshd is a stand-in that only waits. */
describe("start.sh", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let loop: ChildProcess;
  let said: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "muster-start-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    const text = renderStartScript().replaceAll("/etc/muster/", `${folder}/`).replaceAll("/run/", `${folder}/`);
    writeFileSync(join(folder, "start.sh"), text);
    writeFileSync(join(folder, "fake-sshd"), "while :; do sleep 0.1; done\n");
    writeFileSync(join(folder, "sshd.sh"), `exec sh ${folder}/fake-sshd\n`);
    said = "";
  });
  afterEach(cleanup.run);

  function start(): void {
    loop = spawn(...leashed("sh", join(folder, "start.sh")), { stdio: ["ignore", "inherit", "pipe"] });
    loop.stderr?.on("data", chunk => {
      said += chunk;
    });
    cleanup.add(() => {
      loop.kill("SIGKILL");
      const pid = listener();
      if (pid !== undefined) spawnSync("kill", ["-KILL", String(pid)]);
    });
  }

  /** The stand-in that runs now. */
  function listener(): number | undefined {
    const file = join(folder, "muster-sshd.pid");
    const pid = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    if (pid === "" || !existsSync(`/proc/${pid}/cmdline`)) return undefined;
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("fake-sshd") ? Number(pid) : undefined;
  }

  const another = (before: number) =>
    until("another sshd runs", async () => {
      const pid = listener();
      return pid === before ? undefined : pid;
    });

  test("a killed sshd comes back, and the container's own process stays", async () => {
    start();
    const first = await until("sshd runs", async () => listener());
    process.kill(first, "SIGKILL");
    const second = await another(first);
    expect(() => process.kill(first, 0)).toThrow("ESRCH");
    expect(loop.exitCode).toBeNull();
    process.kill(second, "SIGTERM");
    await another(second);
    expect(loop.exitCode).toBeNull();
  });

  test("restart ends an sshd that hangs, although the loop is halted too", async () => {
    start();
    const first = await until("sshd runs", async () => listener());
    process.kill(first, "SIGSTOP");
    loop.kill("SIGSTOP");
    expect(spawnSync("sh", [join(folder, "start.sh"), "restart"]).status).toBe(0);
    await another(first);
  });

  test("one that cannot start is tried later and later; restart tries at once", async () => {
    writeFileSync(join(folder, "sshd.sh"), "exit 1\n");
    start();
    await until("it backs off", async () => /again in 1 s.*again in 3 s.*again in 7 s/s.test(said) || undefined);
    writeFileSync(join(folder, "sshd.sh"), `exec sh ${folder}/fake-sshd\n`);
    expect(spawnSync("sh", [join(folder, "start.sh"), "restart"]).status).toBe(0);
    await until("sshd runs", async () => listener());
    expect(said).not.toMatch(/again in 15 s/);
  });

  test("without its loop restart fails in words; the end of the loop takes sshd along", async () => {
    start();
    const pid = await until("sshd runs", async () => listener());
    const ended = new Promise(resolve => loop.once("exit", resolve));
    loop.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    const refused = spawnSync("sh", [join(folder, "start.sh"), "restart"], { encoding: "utf8" });
    expect([refused.status, refused.stderr]).toEqual([1, "start.sh does not run\n"]);
  });
});
