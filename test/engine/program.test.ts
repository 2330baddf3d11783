import { project, provider } from "../support/project-of-each-test";

async function outputsOf(program: string): Promise<Record<string, unknown>> {
  project.program(program);
  const result = await project.run("up");
  expect(project.errors).toEqual([]);
  return result.outputs;
}

test("the SDK is spared what nobody here reads: debug lines, frames of each resource, npm's arborist", async () => {
  const outputs = await outputsOf(`
    const pulumi = require("@pulumi/pulumi");
    const { getEngine, getMonitor } = require("@pulumi/pulumi/runtime/settings");
    module.exports = async () => {
      const sent = { debug: 0, info: 0, frames: 0 };
      const { DEBUG } = require("@pulumi/pulumi/proto/engine_pb").LogSeverity;
      const engine = getEngine();
      const log = engine.log.bind(engine);
      engine.log = (request, ...rest) => {
        sent[request.getSeverity() === DEBUG ? "debug" : "info"] += 1;
        return log(request, ...rest);
      };
      const monitor = getMonitor();
      const register = monitor.registerResource.bind(monitor);
      monitor.registerResource = (request, ...rest) => {
        sent.frames += request.getStacktrace()?.getFramesList().length ?? 0;
        return register(request, ...rest);
      };
      const thing = new (class extends pulumi.CustomResource {})("demo:index:Thing", "a", { value: 1 });
      await new Promise(resolve => thing.urn.apply(resolve));
      await pulumi.log.debug("for nobody");
      await pulumi.log.info("for people");
      return { sent, arborist: Object.keys(require.cache).some(file => file.includes("@npmcli/arborist")) };
    };`);
  expect(outputs).toEqual({ sent: { debug: 0, info: 1, frames: 0 }, arborist: false });
  expect(project.events.map(event => event.diagnosticEvent?.message)).toContain("for people");
});

test("what the program itself needs is still there: stack traces, and arborist for whoever calls it", async () => {
  const outputs = await outputsOf(`
    const Module = require("module");
    const pulumi = require("@pulumi/pulumi");
    const caller = require.cache[require.resolve("@pulumi/pulumi/runtime/closure/codePaths")];
    module.exports = {
      trace: new Error("here").stack.includes("index.js"),
      frames: Error.stackTraceLimit,
      arborist: typeof Module._load("@npmcli/arborist", caller, false).Arborist,
    };`);
  expect(outputs).toEqual({ trace: true, frames: expect.any(Number), arborist: "function" });
  expect(outputs.frames).toBeGreaterThanOrEqual(10);
});

test("a refresh asks for the resources of one parent one after the other", async () => {
  project.program(`
    const pulumi = require("@pulumi/pulumi");
    const Thing = class extends pulumi.CustomResource {};
    const parents = ["p", "q"].map(name => new pulumi.ComponentResource("demo:index:Parent", name));
    let last = [];
    for (const n of [1, 2, 3]) {
      for (const parent of parents) {
        const name = parent.__name + n;
        last = [new Thing("demo:index:Thing", name, { value: name }, { parent, dependsOn: last })];
      }
    }`);
  await project.run("up", { parallel: 1 });
  const finished = project.checkpoint.resources
    ?.map(({ urn }) => urn.split("::").pop())
    .filter(name => /\d/.test(name ?? ""));
  // Otherwise the order of the state would do.
  expect(finished).toEqual(["p1", "q1", "p2", "q2", "p3", "q3"]);
  provider.asked.length = 0;
  await project.run("refresh", { parallel: 1 });
  const read = provider.asked.filter(call => call.startsWith("read "));
  expect(read).toEqual(["p1", "p2", "p3", "q1", "q2", "q3"].map(name => `read ${name}`));
});
