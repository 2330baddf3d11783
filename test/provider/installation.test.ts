import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { InitFailed } from "../../provider/kind";
import type { InstallationInputs } from "../../provider/muster/kinds/installation/inputs";
import { installation } from "../../provider/muster/kinds/installation/installation";
import { lookScript, removeScript, stepScript } from "../../provider/muster/kinds/installation/scripts";
import { FakeHosts } from "../../remote/fake";
import { Cleanup } from "../support/cleanup";
import { kindContext } from "../support/kind-context";

const cleanup = new Cleanup();
afterEach(cleanup.run);

const step = (name: string) => ({ name, check: `look-${name}`, apply: `make-${name}`, timeoutSeconds: 60 });
const declared: InstallationInputs = {
  host: "node-1",
  name: "python",
  steps: [step("env"), step("torch"), step("extras")],
  lock: "/var/lock/python",
  trigger: {},
};
const old = { ...declared, unmet: [] };
const inContainer = { ...declared, container: "ms" };

/** What the host answers to one look at all steps: an exit status and a text for each. */
function looked(...answers: readonly (readonly [number, string])[]): string {
  return answers.map(([code, said]) => `${code} ${Buffer.from(said).toString("base64")}\n`).join("");
}

function hostWith(...answers: readonly (readonly [number, string])[]): FakeHosts {
  return new FakeHosts().query(/look-env/, looked(...answers)).mutate(/^python, step/);
}

test("scripts are plain sh", () => {
  const scripts = [inContainer, declared].flatMap(place => [
    lookScript(place.steps, place),
    stepScript(step("env"), "/var/lock/my lock", place),
    removeScript("rm -rf -- /opt/x\n", place),
  ]);
  for (const input of scripts) execFileSync("shellcheck", ["--shell=sh", "--exclude=SC2016", "-"], { input });
});

describe("read", () => {
  const read = (hosts: FakeHosts, asked = old) => installation.read(kindContext(hosts), "node-1/python", asked);

  test("tells each step that is not done, with its reason, and that is a change", async () => {
    const seen = await read(hostWith([0, ""], [3, "torch 2.8.0 is installed, torch==2.6.0 is wanted"], [0, ""]));
    expect(seen?.state.unmet).toEqual(["torch: torch 2.8.0 is installed, torch==2.6.0 is wanted"]);
    const changes = installation.diff?.({ ...old, unmet: seen?.state.unmet ?? [] }, declared);
    expect(changes).toEqual([{ path: "unmet[0]", mode: "update", replace: false, inputDiff: false }]);
    expect(installation.diff?.(old, declared)).toEqual([]);
  });

  test("of a container that does not run says so of every step", async () => {
    const hosts = new FakeHosts().query(/docker inspect/, "absent\n");
    const seen = await read(hosts, { ...inContainer, unmet: [] });
    expect(seen?.state.unmet).toHaveLength(3);
    expect(seen?.state.unmet[0]).toBe("env: the container does not run");
  });

  test.each([
    [
      "a look that gave no answer",
      hostWith([0, ""], [127, "sh: look: not found"], [0, ""]),
      "whether step torch of python is done (exit 127)",
    ],
    [
      "a docker that does not answer",
      new FakeHosts().query(/look-env/, { exitCode: 1, stderr: "Cannot connect" }),
      "look at python failed",
    ],
    ["an answer that is cut off", hostWith([0, ""]), "1 answers to 3 questions"],
  ])("%s is an error, not a step that is missing", async (_what, hosts, message) => {
    await expect(read(hosts)).rejects.toThrow(message);
  });
});

describe("create and update", () => {
  test("send nothing that changes the host when all is done", async () => {
    const hosts = hostWith([0, ""], [0, ""], [0, ""]);
    await installation.create(kindContext(hosts), declared);
    await installation.update?.(kindContext(hosts), "id", declared, old);
    expect(hosts.mutations).toEqual([]);
  });

  test("go on with the first step that is not done", async () => {
    const hosts = hostWith([0, ""], [3, "no torch"], [0, ""]);
    expect(await installation.create(kindContext(hosts), declared)).toEqual({
      id: "node-1/python",
      state: { unmet: [] },
    });
    expect(hosts.mutations).toEqual(["node-1: python, step torch (2 of 3)", "node-1: python, step extras (3 of 3)"]);
  });

  test("stop at a step that fails, and name it", async () => {
    const hosts = hostWith([3, "new"], [3, "new"], [3, "new"]).mutate(/step torch/, {
      exitCode: 1,
      stderr: "no space left",
    });
    const updated = installation.update?.(kindContext(hosts), "id", declared, old);
    await expect(updated).rejects.toThrow("python, step torch (2 of 3) failed (exit 1)");
    await expect(updated).rejects.toMatchObject({
      problems: [{ detail: "no space left", remedy: expect.stringContaining("goes on") }],
    });
    expect(hosts.mutations).toHaveLength(2);
  });

  test("a create that stops leaves a resource behind, so that destroy removes what is there of it", async () => {
    const hosts = hostWith([0, ""], [3, "new"], [3, "new"]).mutate(/step torch/, { exitCode: 1, stderr: "no space" });
    const failure = await installation.create(kindContext(hosts), declared).catch(error => error);
    expect(failure).toBeInstanceOf(InitFailed);
    expect(failure).toMatchObject({ id: "node-1/python", state: { unmet: ["torch: it failed"] } });
    expect(failure.reasons).toEqual([expect.stringMatching(/step torch \(2 of 3\)[\s\S]*no space[\s\S]*Remedy/)]);
    const silent = new FakeHosts().query(/look-env/, { exitCode: 1, stderr: "Cannot connect" });
    const untouched = await installation.create(kindContext(silent), declared).catch(error => error);
    expect(untouched).not.toBeInstanceOf(InitFailed);
  });

  test("give secret variables by standard input alone", async () => {
    const hosts = hostWith([3, "new"], [0, ""], [0, ""]);
    await installation.create(kindContext(hosts), { ...declared, secretEnv: { http_proxy: "http://me:hush@proxy" } });
    const sent = hosts.calls.filter(call => call.verb === "mutate");
    expect(sent[0]?.stdin).toBe("http_proxy=http://me:hush@proxy\n");
    expect(sent.map(call => call.script).join("")).not.toContain("hush");
  });
});

test("two steps of one name are refused", () => {
  expect(installation.check?.({ steps: [step("a"), step("a")] })).toEqual([
    { property: "steps", reason: "two steps are named a" },
  ]);
});

describe("a step, for real", () => {
  function run(check: string, apply: string, stdin = "") {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-step-"));
    cleanup.add(() => fs.rmSync(folder, { recursive: true }));
    const text = stepScript({ name: "s", check, apply, timeoutSeconds: 9 }, `${folder}/deep/lock`, {});
    const again = () => {
      const done = spawnSync("sh", ["-c", text], { cwd: folder, encoding: "utf8", input: stdin });
      return { status: done.status, said: done.stdout + done.stderr };
    };
    return { folder, again };
  }

  test("is made once", () => {
    const { folder, again } = run("[ -e made ] || exit 3", "echo x >>made");
    expect([again().status, again().status]).toEqual([0, 0]);
    expect(fs.readFileSync(`${folder}/made`, "utf8")).toBe("x\n");
  });

  test.each([
    [
      "work that did nothing",
      "[ -e made ] || { echo it is not there; exit 3; }",
      ":",
      1,
      "it was done, and still: it is not there",
    ],
    ["work that failed", "exit 3", "echo broken >&2; exit 7", 7, "broken"],
    ["a look that could not be taken", "nothing-of-that-name", "touch made", 127, "not found"],
  ])("%s is a failure", (_what, check, apply, status, said) => {
    const { folder, again } = run(check, apply);
    expect(again()).toEqual({ status, said: expect.stringContaining(said) });
    expect(fs.existsSync(`${folder}/made`)).toBe(false);
  });

  test("has the secret variables, whatever is in them", () => {
    const { folder, again } = run("[ -e made ] || exit 3", 'printf %s "$P" >made', "P=a 'b' $c \"d\"=\\e\n");
    expect(again().status).toBe(0);
    expect(fs.readFileSync(`${folder}/made`, "utf8")).toBe("a 'b' $c \"d\"=\\e");
  });
});
