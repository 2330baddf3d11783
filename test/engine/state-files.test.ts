import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportStack, importStack, stackHistory } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { project, provider } from "../support/project-of-each-test";

/** Programs are started up to three times in a test. */
jest.setTimeout(120_000);

const PAIR = { a: { inputs: { value: 1 } }, b: { inputs: { value: "hunter2" }, secret: true, from: ["a"] } };

const stateFile = (): string => join(project.root, "state/.pulumi/stacks/demo/dev.json");
const place = (): Parameters<typeof exportStack>[0] => ({
  projectRoot: project.root,
  stack: "dev",
  passphrase: project.passphrase,
});

async function refusal(work: Promise<unknown>): Promise<OperatorError> {
  const error = await work.then(
    () => undefined,
    caught => caught,
  );
  if (!(error instanceof OperatorError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

test("while a provider works, the state on disk names what it is at", async () => {
  project.want(PAIR);
  const seen: unknown[] = [];
  provider.during = (method, name) => {
    const operations = (project.checkpoint.pending_operations ?? []) as { type: string; resource: { urn: string } }[];
    seen.push([
      method,
      operations.some(({ type, resource }) => `${type} ${resource.urn.split("::").pop()}` === `${ING[method]} ${name}`),
    ]);
  };
  await project.run("up");
  project.want({ ...PAIR, a: { inputs: { value: 2 } } });
  await project.run("up");
  await project.run("destroy");
  expect(seen).toEqual([
    ["create", true],
    ["create", true],
    ["update", true],
    ["delete", true],
    ["delete", true],
  ]);
  expect(project.checkpoint.pending_operations).toBeUndefined();
});

const ING: Record<string, string> = { create: "creating", update: "updating", delete: "deleting" };

test("each run leaves history, a copy and a backup; version N is the state as run N left it", async () => {
  project.want(PAIR);
  await project.run("up", { message: "first" });
  project.want({ a: PAIR.a });
  await project.run("up");
  const history = stackHistory(project.root, "dev");
  expect(history.map(entry => [entry.version, entry.kind, entry.message])).toEqual([
    [2, "update", ""],
    [1, "update", "first"],
  ]);
  const names = (exported: unknown): string[] =>
    (exported as { deployment: { resources: { urn: string }[] } }).deployment.resources.map(
      state => state.urn.split("::").pop() ?? "",
    );
  expect(names(await exportStack(place(), false, 1))).toContain("b");
  expect(names(await exportStack(place(), false))).not.toContain("b");
  const { problems } = await refusal(exportStack(place(), false, 3));
  expect(problems[0]).toMatchObject({ summary: "stack dev has no version 3", detail: "there are 1 to 2" });
  const folder = join(project.root, "state/.pulumi/history/demo/dev");
  const [oldest = ""] = readdirSync(folder)
    .filter(file => file.endsWith(".history.json"))
    .sort();
  writeFileSync(join(folder, oldest), "{");
  expect(stackHistory(project.root, "dev").map(entry => entry.version)).toEqual([2]);
  expect(
    readdirSync(join(project.root, "state/.pulumi/backups/demo/dev")).filter(file => file.endsWith(".json")),
  ).toHaveLength(2);
});

test("a damaged state is named, left as it is, and brought back by the command that is offered", async () => {
  project.want(PAIR);
  await project.run("up");
  const good = project.checkpointText;
  const kinds = ["preview", "up", "refresh", "destroy"] as const;
  const damages: [string, string | Buffer][] = [
    ["it is not valid JSON", good.slice(0, good.length / 2)],
    ["it is empty", ""],
    ["it is not valid JSON", Buffer.alloc(good.length)],
    ["it has version 5", good.replace('"version":3', '"version":5')],
    ["does not support (views)", good.replace('"version":3', '"version":4,"features":["taint","views"]')],
    ['has no "urn" and "type"', good.replace(/"urn":/, '"nru":')],
    ["a secret can't be opened", good.replace(/("ciphertext":"v1:[^:]*:)[^"]{4}/, "$1AAAA")],
  ];
  for (const [index, [why, bad]] of damages.entries()) {
    writeFileSync(stateFile(), bad);
    const { problems } = await refusal(project.run(kinds[index % kinds.length] ?? "up"));
    expect(problems[0]).toMatchObject({
      summary: "the state of stack dev is damaged, and was left untouched",
      where: stateFile(),
      detail: expect.stringContaining(why),
      remedy: expect.stringMatching(/^muster stack import -s dev --file \S+\/backups\/demo\/dev\/dev\.\d+\.json\n/),
    });
    expect(readFileSync(stateFile())).toEqual(Buffer.from(bad));
    const [, source = ""] = /--file (\S+)/.exec(problems[0]?.remedy ?? "") ?? [];
    const { setAside = "" } = await importStack(place(), { text: readFileSync(source, "utf8"), source }, false);
    // One whose secret does not open is read as JSON all the same: then it is `.bak`, as any state that is replaced.
    expect(readFileSync(existsSync(setAside) ? setAside : `${stateFile()}.bak`)).toEqual(Buffer.from(bad));
  }
  expect(provider.mutations).toEqual(["create a", "create b"]);
  expect(await project.run("up", { expectNoChanges: true })).toMatchObject({ exitCode: 0, changes: { same: 3 } });
});

test("without a backup that can be read none is offered", async () => {
  writeFileSync(stateFile(), "{");
  const { problems } = await refusal(project.run("up"));
  expect(problems[0]?.remedy).toContain("no backup that can be read");
});

test("what is imported is looked at first: no JSON, another stack's, another passphrase", async () => {
  project.want(PAIR);
  await project.run("up");
  const before = project.checkpointText;
  const refused = async (text: string): Promise<string> =>
    JSON.stringify((await refusal(importStack(place(), { text, source: "s.json" }, false))).problems);
  expect(await refused("{")).toMatch(/not an exported stack.*s\.json.*not valid JSON/);
  expect(await refused('{"version":3}')).toMatch(/no \\"checkpoint\\" and no \\"deployment\\"/);
  expect(await refused(before.replaceAll("urn:pulumi:dev::", "urn:pulumi:prod::"))).toMatch(/is not of stack 'dev'/);
  expect(await refused(before.replace(/("ciphertext":"v1:[^:]*:)[^"]{4}/, "$1AAAA"))).toMatch(
    /s\.json.*resource urn.*can't be opened/,
  );
  expect(project.checkpointText).toBe(before);
});

test("a state that can't be written starts nothing more, names the file, and gives the lock back", async () => {
  project.want({ ...PAIR, c: { inputs: { value: 3 }, from: ["b"] } });
  provider.during = (_method, name) => {
    // In place of the file that is renamed afterwards.
    if (name === "a") mkdirSync(`${stateFile()}.tmp`);
  };
  const { problems } = await refusal(project.run("up"));
  expect(problems[0]).toMatchObject({ where: stateFile(), summary: expect.stringContaining("can't be written") });
  expect(provider.mutations).toEqual(["create a"]);
  rmSync(`${stateFile()}.tmp`, { recursive: true });
  provider.during = () => {};
  expect((await project.run("up")).exitCode).toBe(0);
  expect(project.events.map(event => event.diagnosticEvent?.message ?? "").join()).toContain(
    "interrupted while creating",
  );
});
