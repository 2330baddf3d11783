import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeBlob } from "../../engine/state/files";
import { ProjectFolder } from "./project-folder";

let project: ProjectFolder;
beforeEach(() => {
  project = new ProjectFolder();
});
afterEach(() => project.remove());

const stateFile = (stack: string): string => join(project.path, `.muster/.pulumi/stacks/demo/${stack}.json`);

/** What a run would have left: one resource with outputs. */
async function withOutputs(): Promise<void> {
  const urn = "urn:pulumi:prod::demo::pulumi:pulumi:Stack::demo-prod";
  const outputs = { url: "http://node-1", list: [1, 2], quoted: "it's" };
  const exported = JSON.parse(await project.does("stack", "export"));
  exported.deployment.resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack", outputs }];
  writeFileSync(join(project.path, "s.json"), JSON.stringify(exported));
  await project.does("stack", "import", "--file", "s.json");
}

test("init, ls, select, show", async () => {
  await project.does("stack", "init", "prod");
  await project.does("stack", "init", "test", "--no-select");
  expect(await project.does("stack", "--show-name")).toBe("prod\n");
  const lastUpdate = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(JSON.parse(await project.does("stack", "ls", "--json"))).toEqual([
    { name: "prod", current: true, lastUpdate, updateInProgress: false, resourceCount: 0 },
    { name: "test", current: false, lastUpdate, updateInProgress: false, resourceCount: 0 },
  ]);
  await project.does("stack", "select", "test");
  expect(await project.does("stack")).toBe("stack test of project demo\n0 resources\nnothing was run yet\n");
  expect(await project.muster(["stack", "select", "none"])).toMatchObject({
    code: 6,
    err: expect.stringMatching(
      /no stack named 'none'[\s\S]*stacks that are there: prod, test[\s\S]*fix: muster stack init none/,
    ),
  });
  await project.does("stack", "select", "--create", "none");
  expect(await project.does("stack", "--show-name")).toBe("none\n");
  await project.does("stack", "unselect");
  expect((await project.muster(["stack"])).err).toContain("no stack is selected");
  expect(await project.muster(["stack", "init", "x", "--secrets-provider", "awskms://k"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("can't keep secrets with 'awskms://k'"),
  });
  expect((await project.muster(["stack", "init", "a b"])).err).toContain("is no name for a stack");
});

test("outputs: a table, JSON, a shell's variables, one of them", async () => {
  await project.does("stack", "init", "prod");
  await withOutputs();
  expect(await project.does("stack", "output")).toBe(
    "OUTPUT  VALUE\nlist    [1,2]\nquoted  it's\nurl     http://node-1\n",
  );
  expect(JSON.parse(await project.does("stack", "output", "--json"))).toEqual({
    url: "http://node-1",
    list: [1, 2],
    quoted: "it's",
  });
  expect(await project.does("stack", "output", "--shell")).toBe(
    "list='[1,2]'\nquoted='it'\\''s'\nurl='http://node-1'\n",
  );
  expect(await project.does("stack", "output", "url")).toBe("http://node-1\n");
  expect((await project.muster(["stack", "output", "none"])).code).toBe(1);
});

test("rm: resources keep it, --force forgets them, the name is typed, the configuration file goes unless it is preserved", async () => {
  await project.does("stack", "init", "prod");
  await withOutputs();
  expect((await project.muster(["stack", "rm", "--yes"])).err).toContain("still has 1 resources; removal rejected");
  expect((await project.muster(["stack", "rm", "--force"])).err).toContain("not removed unasked");
  const no = await project.muster(["stack", "rm", "--force"], { terminal: true, input: "yes\n" });
  expect(no).toMatchObject({ code: 1, out: expect.stringContaining("Type prod to go on") });
  expect(existsSync(stateFile("prod"))).toBe(true);
  const yes = await project.muster(["stack", "rm", "--force"], { terminal: true, input: "prod\n" });
  expect(yes).toMatchObject({ code: 0, out: expect.stringContaining("Stack 'prod' has been removed!") });
  expect(existsSync(join(project.path, "Pulumi.prod.yaml"))).toBe(false);
  expect(readdirSync(join(project.path, ".muster/.pulumi/backups/demo/prod")).length).toBeGreaterThan(0);

  await project.does("stack", "init", "test");
  await project.does("stack", "rm", "test", "--yes", "--preserve-config", "--remove-backups");
  expect(existsSync(join(project.path, "Pulumi.test.yaml"))).toBe(true);
  expect(existsSync(join(project.path, ".muster/.pulumi/backups/demo/test"))).toBe(false);
});

test("destroy --remove removes the stack afterwards, and its configuration file unless it is preserved", async () => {
  for (const [flags, kept] of [
    [[], false],
    [["--preserve-config"], true],
  ] as const) {
    await project.does("stack", "init", "prod");
    await project.does("destroy", "-s", "prod", "--yes", "--skip-preview", "--remove", ...flags);
    expect(existsSync(stateFile("prod"))).toBe(false);
    expect(existsSync(join(project.path, "Pulumi.prod.yaml"))).toBe(kept);
  }
});

test("a damaged state shows as such, and is brought back from its backup", async () => {
  await project.does("stack", "init", "prod");
  await withOutputs();
  writeFileSync(`${stateFile("prod")}.bak`, readFileSync(stateFile("prod")));
  writeFileSync(stateFile("prod"), "{");
  expect(await project.does("stack", "ls")).toMatch(/prod\* +never +damaged/);
  const failed = await project.muster(["stack", "output"]);
  expect(failed.code).toBe(1);
  const [, command = ""] = /fix: muster (.*)/.exec(failed.err) ?? [];
  const mended = await project.muster(command.split(" "));
  expect(mended).toMatchObject({
    code: 0,
    out: "Import complete.\n",
    err: expect.stringContaining(`${stateFile("prod")}.damaged-`),
  });
  expect(await project.does("stack", "output", "url")).toBe("http://node-1\n");
});

test("a lock says who holds it and since when; cancel needs a yes and takes it away", async () => {
  await project.does("stack", "init", "prod");
  const lock = join(
    project.path,
    ".muster/.pulumi/locks/organization/demo/prod/11111111-2222-3333-4444-555555555555.json",
  );
  const pid = 2 ** 22 + 1; // Above the greatest process id that Linux gives.
  writeBlob(lock, JSON.stringify({ pid, username: "ada", hostname: hostname(), timestamp: "2026-01-02T03:04:05Z" }));
  expect(JSON.parse(await project.does("stack", "ls", "--json"))).toMatchObject([{ updateInProgress: true }]);
  const held = await project.muster(["stack", "import", "--file", "Pulumi.yaml"]);
  expect(held.code).toBe(1);
  const refused = await project.muster(["up", "--yes", "--skip-preview"]);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("the stack is currently locked by 1 lock(s)");
  expect(refused.err).toContain(
    `ada@${hostname()} (pid ${pid}) at 2026-01-02T03:04:05Z; there is no such process any more`,
  );
  expect(refused.err).toContain("fix: once the other run is over: muster cancel -s prod --yes");
  expect((await project.muster(["cancel"])).err).toContain("no terminal to ask on");
  expect((await project.muster(["cancel"], { terminal: true, input: "no\n" })).code).toBe(1);
  expect(existsSync(lock)).toBe(true);
  await project.does("cancel", "--yes");
  expect(existsSync(lock)).toBe(false);
});
