import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { checkoutStep, repository } from "../../../recipes/environment/checkout";
import { Cleanup } from "../../support/cleanup";
import { runSteps, shellcheck, unmet } from "../../support/setup-steps";

const cleanup = new Cleanup();
afterEach(cleanup.run);

/** A repository with two branches, as a bundle: what an air-gapped site carries in. */
function bundled() {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-git-"));
  cleanup.add(() => fs.rmSync(base, { recursive: true, force: true }));
  const env = { ...process.env, HOME: base, GIT_CONFIG_NOSYSTEM: "1" };
  const work = path.join(base, "work");
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", work, ...args], { env, encoding: "utf8" }).trim();
  fs.mkdirSync(work);
  git("init", "-q", "-b", "main");
  git("config", "user.name", "me");
  git("config", "user.email", "me@example.org");
  const commit = (text: string): string => {
    fs.writeFileSync(path.join(work, "setup.py"), text);
    git("add", ".");
    git("commit", "-qm", text);
    return git("rev-parse", "HEAD");
  };
  const bundle = path.join(base, "Megatron-LM.bundle");
  const first = commit("one");
  git("checkout", "-q", "-b", "core_r0.13.0");
  commit("two");
  const pack = (): string => git("bundle", "create", "-q", bundle, "--all");
  pack();
  const folder = path.join(base, "it's here", "Megatron-LM");
  const step = (revision: string) =>
    checkoutStep({
      name: "megatron-lm",
      folder,
      source: repository(base, "Megatron-LM", "https://nowhere.invalid"),
      revision,
    });
  const content = (): string => fs.readFileSync(path.join(folder, "setup.py"), "utf8");
  return { base, env, first, commit, pack, folder, step, content };
}

test("is plain sh", () => {
  const step = checkoutStep({
    name: "m",
    folder: "/it's/here",
    source: "https://example.org/x",
    revision: "core_r0.13.0",
  });
  expect(shellcheck([step])).toEqual([]);
});

test("comes from a bundle at a branch, is left alone the second time, and moved to another revision", () => {
  const { env, first, step, content } = bundled();
  const branch = step("core_r0.13.0");
  expect(unmet([branch], env)[0]).toContain("is no checkout");
  expect(runSteps([branch], env)[0]?.outcome).toBe("made");
  expect(content()).toBe("two");
  expect(runSteps([branch], env)[0]?.outcome).toBe("done");
  expect(unmet([step(first)], env)[0]).toContain(`is not at ${first}`);
  expect(runSteps([step(first)], env)[0]?.outcome).toBe("made");
  expect(content()).toBe("one");
});

test("a revision that only a newer bundle has is fetched from it", () => {
  const { env, step, content, commit, pack } = bundled();
  runSteps([step("core_r0.13.0")], env);
  const later = commit("three");
  expect(runSteps([step(later)], env)[0]?.outcome).toMatch(/^exit 1: .*has no [0-9a-f]{40}/s);
  pack();
  expect(runSteps([step(later)], env)[0]?.outcome).toBe("made");
  expect(content()).toBe("three");
});

test("somebody's own changes are never lost", () => {
  const { env, first, step, folder, content } = bundled();
  runSteps([step("core_r0.13.0")], env);
  fs.writeFileSync(path.join(folder, "setup.py"), "mine");
  const outcome = runSteps([step(first)], env)[0]?.outcome;
  expect(outcome).toContain("has changes of its own; remedy: git -C ");
  expect(content()).toBe("mine");
});

test("a bundle that is not there is named", () => {
  const { env, step, base } = bundled();
  fs.rmSync(path.join(base, "Megatron-LM.bundle"));
  expect(runSteps([step("core_r0.13.0")], env)[0]?.outcome).toContain("Megatron-LM.bundle");
});
