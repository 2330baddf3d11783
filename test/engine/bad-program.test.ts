import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { leashed } from "../support/leash";
import { project, provider } from "../support/project-of-each-test";

/** Programs are started three times in a test. */
jest.setTimeout(120_000);

const HEAD = `
  const pulumi = require("@pulumi/pulumi");
  const Thing = class extends pulumi.CustomResource {};
  const first = new Thing("demo:index:Thing", "first", { value: 1 });
`;

/** What was there before must be there afterwards, and a good program must go on from it. */
async function nothingIsLost(): Promise<void> {
  project.program(HEAD);
  expect((await project.run("up")).exitCode).toBe(0);
  expect([...provider.things.values()].map(thing => thing.value)).toEqual([1]);
  expect(project.checkpoint.pending_operations).toBeUndefined();
}

test.each<[string, string, string]>([
  ["that throws", 'throw new Error("no such host: node-9");', "no such host: node-9"],
  ["that throws later", 'setTimeout(() => { throw new Error("too late"); }, 10);', "too late"],
  ["that rejects a promise", 'Promise.reject(new Error("unhandled: node-9"));', "unhandled: node-9"],
  [
    "that handles its rejections itself and exits with 0",
    'process.on("unhandledRejection", () => process.exit(0)); Promise.reject(new Error("swallowed"));',
    "it swallowed an error",
  ],
  ["that rejects in an apply", 'first.urn.apply(() => { throw new Error("in an apply"); });', "in an apply"],
  ["that exits with 3", "first.urn.apply(() => process.exit(3));", "non-zero exit code: 3"],
  ["that is no JavaScript", "const = 1;", "SyntaxError"],
  ["that needs a module that is not there", 'require("no-such-module");', "no-such-module"],
])("a program %s fails the run, says why, and deletes nothing", async (_what, program, message) => {
  await nothingIsLost();
  project.program(HEAD + program);
  const result = await project.run("up");
  expect(result).toMatchObject({ result: "failed", exitCode: 1 });
  expect(project.events.map(event => event.diagnosticEvent?.message ?? "").join("\n")).toContain(message);
  expect(provider.mutations.filter(call => call.startsWith("delete"))).toEqual([]);
  await nothingIsLost();
});

test("a program that is not there is named", async () => {
  const yaml =
    "name: demo\nruntime: {name: nodejs, options: {typescript: false}}\nmain: gone\nbackend: {url: file://./state}\n";
  project.settings(yaml);
  expect((await project.run("up")).exitCode).toBe(1);
  expect(project.events.map(event => event.diagnosticEvent?.message ?? "").join("\n")).toContain("gone");
});

test("a provider that dies in the middle of a step is named; what it did before is kept, the step is told as unsure", async () => {
  const child = spawn(...leashed(process.execPath, join(__dirname, "../support/dying-provider.js")), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const plugins = { address: async () => `127.0.0.1:${port}` };
  project.want({
    a: { inputs: { value: 1 } },
    b: { inputs: { value: 2 }, from: ["a"] },
    c: { inputs: {}, from: ["b"] },
  });
  expect(await project.run("up", { plugins })).toMatchObject({ result: "failed", exitCode: 1 });
  expect(project.errors[0]).toContain("the provider of package 'demo' is gone");
  expect(project.checkpoint.resources?.map(state => state.id).filter(id => id?.length === 1)).toEqual(["a"]);
  const warnings = project.events.map(event => event.diagnosticEvent).filter(each => each?.severity === "warning");
  expect(warnings).toMatchObject([
    { urn: expect.stringMatching(/::b$/), message: expect.stringContaining("may have been created") },
  ]);
});
