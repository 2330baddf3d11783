import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/main";
import { starterFile } from "../../cli/verbs/init";
import { datasetReports } from "../../recipes/data/report-schema";
import { fakeConsole } from "./fake-console";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function muster(
  argv: string[],
  env: Record<string, string> = {},
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  const console = fakeConsole({ cwd: folder, env, input });
  const code = await main(argv, console);
  return { code, out: console.stdout(), err: console.stderr() };
}

function project(): void {
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\nplugins: {providers: [{name: muster, path: provider}]}\n',
  );
}

const passphrase = { PULUMI_CONFIG_PASSPHRASE: "x" };

test("an unknown flag or verb is an error with the remedy", async () => {
  expect(await muster(["up", "--bogus"])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/unknown option '--bogus'\n {2}fix: /),
  });
  expect(await muster(["upp"])).toMatchObject({ code: 1, err: expect.stringContaining("Did you mean up?") });
  expect(await muster(["up", "--parallel", "0"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("a whole number from 1"),
  });
});

test.each<[string, string[]]>([
  ["--policy-pack", ["up", "--policy-pack", "packs/cost"]],
  ["--show-sames", ["preview", "--show-sames", "--json"]],
  ["--run-program", ["refresh", "--run-program=true"]],
  ["--import-pending-creates", ["refresh", "--import-pending-creates", "urn:a", "--yes"]],
  ["--from", ["import", "--from", "terraform", "a:b:C", "n", "i"]],
  ["stack rename", ["stack", "rename", "other", "-s", "dev"]],
  ["stack tag", ["stack", "tag", "set", "--force", "a", "b"]],
  ["config env", ["config", "env", "add", "x"]],
  ["state move", ["state", "move", "--source", "dev"]],
])("%s is stock's alone: refused by name, with the remedy", async (what, argv) => {
  project();
  expect(await muster(argv)).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      new RegExp(`^error: ${what}: the embedded engine does not support it\n[^]* {2}fix: use --engine pulumi`),
    ),
  });
});

test("the codes that scripts know from stock: 2 without a yes, 6 without the stack", async () => {
  project();
  expect((await muster(["up", "-s", "dev", "--suppress-progress", "--suppress-permalink"], passphrase)).code).toBe(2);
  expect((await muster(["up", "-s", "none", "--yes"], passphrase)).code).toBe(6);
  expect((await muster(["up", "--yes", "--target", "urn:a", "--exclude", "urn:b"])).err).toContain(
    "cannot be used with",
  );
});

test("--config stays in the stack's file, also where the run is then refused", async () => {
  project();
  const up = (...argv: string[]) => muster(["up", "-s", "dev", ...argv], passphrase);
  await up("-c", "size=1=2", "--config", "muster:cluster=stacks/dev.yaml");
  await up("-c", "net.mtu=9000", "--config-path");
  expect(readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8")).toBe(
    "config:\n  demo:size: 1=2\n  muster:cluster: stacks/dev.yaml\n  demo:net:\n    mtu: 9000\n",
  );
  expect(await up("-c", "size")).toMatchObject({ code: 1, err: expect.stringContaining("'size' is no KEY=VALUE") });
});

test("edits of the state that nobody confirmed are refused with the remedy", async () => {
  project();
  expect(await muster(["state", "unprotect", "urn:a", "-s", "dev"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("muster state unprotect URN --yes"),
  });
  expect(await muster(["state", "delete", "--yes"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("no resource is named"),
  });
  expect(await muster(["import", "File", "motd", "/etc/motd"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("'File' is no type of a resource"),
  });
});

test("outside a project the error says how to go on", async () => {
  expect(await muster(["preview", "-s", "dev"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("Pulumi.yaml"),
  });
});

test("init writes a file that validate accepts, and never overwrites one", async () => {
  expect((await muster(["init", "stacks/prod.yaml"])).code).toBe(0);
  expect(readFileSync(join(folder, "stacks/prod.yaml"), "utf8")).toBe(starterFile("prod"));
  expect(await muster(["validate", "stacks/prod.yaml"])).toMatchObject({
    code: 0,
    out: expect.stringContaining("2 hosts"),
  });
  expect(await muster(["init", "stacks/prod.yaml"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("there already"),
  });
});

test("validate shows every problem with its place and its fix", async () => {
  const text = starterFile("prod").replace("node-2", "node-1").replace("slots", "slotz");
  writeFileSync(join(folder, "bad.yaml"), text);
  const { code, err } = await muster(["validate", "bad.yaml"]);
  expect(code).toBe(1);
  expect(err).toMatch(/unknown key 'slotz'/);
  expect(err).toMatch(/ {2}where: .*bad\.yaml:\d+:\d+/);
  expect(err).toMatch(/ {2}fix: write slots/);
});

test("schema is JSON Schema", async () => {
  expect(JSON.parse((await muster(["schema"])).out)).toMatchObject({ type: "object" });
});

test("a stack that is not there names the way to make it; dev is made", async () => {
  project();
  const absent = await muster(["config", "set", "-s", "prod", "a", "b"], passphrase);
  expect(absent).toMatchObject({ code: 6, err: expect.stringContaining("fix: muster stack init prod") });
  expect((await muster(["config", "set", "-s", "dev", "a", "b"], passphrase)).code).toBe(0);
  expect(await muster(["stack", "ls", "--json"])).toMatchObject({ out: expect.stringContaining('"dev"') });
});

test("dev made by itself leaves its config file without a salt, until a secret is in it", async () => {
  project();
  const file = join(folder, "Pulumi.dev.yaml");
  const committed = "config:\n  demo:cluster: stacks/dev.yaml # reviewed\n";
  writeFileSync(file, committed);
  const exported = async (): Promise<string> => (await muster(["stack", "export", "-s", "dev"])).out;
  const salt: string = JSON.parse(await exported()).deployment.secrets_providers.state.salt;
  expect(readFileSync(file, "utf8")).toBe(committed);
  expect((await muster(["config", "set", "--secret", "-s", "dev", "key"], {}, "hunter2\n")).code).toBe(0);
  expect(readFileSync(file, "utf8")).toContain(`encryptionsalt: ${salt}\n`);
  expect((await muster(["config", "get", "-s", "dev", "key"])).out).toBe("hunter2\n");
});

test("a stack's life: init, config with secrets, outputs, export, import, removal", async () => {
  project();
  expect(await muster(["stack", "init", "prod"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("needs its passphrase"),
  });
  expect((await muster(["stack", "init", "prod"], passphrase)).err).toBe("Created stack 'prod'\n");
  expect(await muster(["stack", "init", "prod"], passphrase)).toMatchObject({
    code: 1,
    err: expect.stringContaining("already exists"),
  });
  expect((await muster(["config", "set", "--secret", "key"], passphrase, "hunter2\n")).code).toBe(0);
  expect(readFileSync(join(folder, "Pulumi.prod.yaml"), "utf8")).not.toContain("hunter2");
  expect((await muster(["config"])).out).toContain("[secret]");
  expect((await muster(["config", "get", "key"], passphrase)).out).toBe("hunter2\n");
  const wrong = await muster(["config", "get", "key"], { PULUMI_CONFIG_PASSPHRASE: "y" });
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining("incorrect passphrase for stack prod") });
  expect(await muster(["config", "set", "password", "x"], passphrase)).toMatchObject({
    code: 1,
    err: expect.stringContaining("--secret"),
  });
  expect((await muster(["config", "rm", "key"], passphrase)).code).toBe(0);
  expect(await muster(["config", "get", "key"], passphrase)).toMatchObject({
    code: 1,
    err: expect.stringContaining("not found"),
  });
  expect((await muster(["stack", "export", "--file", "state.json"], passphrase)).code).toBe(0);
  expect((await muster(["stack", "import", "--file", "state.json"], passphrase)).out).toBe("Import complete.\n");
  expect(await muster(["stack", "import"], passphrase, "{")).toMatchObject({
    code: 1,
    err: expect.stringContaining("standard input"),
  });
  expect((await muster(["stack", "output", "--json"], passphrase)).out).toBe("{}\n");
  expect(await muster(["stack", "rm", "prod"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("stack rm prod --yes"),
  });
  expect((await muster(["stack", "rm", "prod", "--yes"], passphrase)).code).toBe(0);
  expect(await muster(["config"])).toMatchObject({ code: 1, err: expect.stringContaining("no stack is selected") });
});

test("bad rows of data are named by line", async () => {
  writeFileSync(join(folder, "d.jsonl"), '{"messages": []}\nnot json\n');
  const { code, out } = await muster(["data", "check", "d.jsonl"]);
  expect(code).toBe(1);
  expect(out).toMatch(/d\.jsonl:2:.*error/);
  expect(await muster(["data", "check", "absent"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("no such file"),
  });
});

test("doctor and trust take a cluster file, as validate does", async () => {
  for (const verb of ["doctor", "trust", "validate"]) {
    const { code, err } = await muster([verb, "absent.yaml"]);
    expect(code).not.toBe(0);
    expect(err).toContain(join(folder, "absent.yaml"));
  }
});

test("--debug adds the stack trace", async () => {
  expect((await muster(["validate", "absent.yaml"])).err).not.toContain(" at ");
  expect((await muster(["validate", "absent.yaml", "--debug"])).err).toMatch(/\n {4}at /);
});

test("data check: several files, standard input, the training's rules, a report with its schema", async () => {
  const good = '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}\n';
  writeFileSync(join(folder, "good.jsonl"), good);
  writeFileSync(join(folder, "bad.jsonl"), '{"messages": []}\n');
  const both = await muster(["data", "check", "good.jsonl", "bad.jsonl", "--json"]);
  const told = datasetReports.parse(JSON.parse(both.out));
  expect([both.code, told.fit, told.files.map(file => file.fit)]).toEqual([1, false, [true, false]]);
  expect((await muster(["data", "check", "-"], {}, good)).out).toContain("1 rows, 0 bad");
  expect((await muster(["data", "check", "good.jsonl", "--for", "dpo"])).code).toBe(1);
  expect((await muster(["data", "check", "good.jsonl", "--for", "prayer"])).code).toBe(1);
  writeFileSync(join(folder, "good.jsonl.gz"), "");
  expect(await muster(["data", "check", "good.jsonl.gz"])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/does not read \.gz files[\s\S]*fix: unpack it to FILE\.jsonl/),
  });
  expect(JSON.parse((await muster(["data", "check", "--schema"])).out)).toHaveProperty("properties.files");
});
