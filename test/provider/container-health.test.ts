import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { healthScript } from "../../provider/muster/kinds/container-scripts";
import { Cleanup } from "../support/cleanup";

const cleanup = new Cleanup();
let folder: string;

/** A *simulated* docker: what it is to run in the container runs here; each entry is noted. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-health-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  const docker = `#!/bin/sh
case $1 in
  exec) echo entered >>${folder}/entries; shift 2; exec "$@" ;;
  logs) echo "last words of $4" ;;
esac
`;
  writeFileSync(path.join(folder, "docker"), docker, { mode: 0o755 });
});
afterEach(cleanup.run);

function health(script: string, timeoutSeconds: number) {
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const done = spawnSync("sh", ["-c", healthScript("ms", { script, timeoutSeconds })], { encoding: "utf8", env });
  return { ...done, entries: readFileSync(path.join(folder, "entries"), "utf8").trim().split("\n").length };
}

test("a probe that succeeds at the fifth try is one entry into the container", () => {
  const tries = path.join(folder, "tries");
  const done = health(`echo x >>${tries}; [ "$(wc -l <${tries})" -ge 5 ]`, 60);
  expect(done).toMatchObject({ status: 0, entries: 1 });
  expect(readFileSync(tries, "utf8").trim().split("\n")).toHaveLength(5);
});

test("a probe may exit, or stop at its first error: it is tried again all the same", () => {
  const tries = path.join(folder, "tries");
  expect(health(`set -e; echo x >>${tries}; [ "$(wc -l <${tries})" -ge 3 ]; exit 0`, 60).status).toBe(0);
});

test("one that never succeeds ends with its own last words and the container's", () => {
  const done = health("echo the probe says no >&2; exit 1", 1);
  expect(done.status).toBe(1);
  expect(done.stdout).toContain("the probe says no");
  expect(done.stdout).toContain("last words of ms");
});

test("what runs on hosts is what shellcheck takes", () => {
  const script = healthScript("ms", { script: "true", timeoutSeconds: 60 });
  // SC2016: expressions for the shell in the container.
  const checked = spawnSync("shellcheck", ["-s", "sh", "-e", "SC2016", "-"], { input: script, encoding: "utf8" });
  expect(checked.stdout).toBe("");
});
