import { appendFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PathPlugins } from "../../engine/path-plugins";
import { ResourceReference } from "../../wire/values";
import { project, provider } from "../support/project-of-each-test";

const HEAD = `
  const pulumi = require("@pulumi/pulumi");
  const Thing = class extends pulumi.CustomResource {
    constructor(name, value, opts) { super("demo:index:Thing", name, { value, made: undefined }, opts); }
  };
`;

test("supportsFeature tells what there is, and what there is not", async () => {
  project.program(`
    const { getMonitor } = require("@pulumi/pulumi/runtime/settings");
    const { SupportsFeatureRequest } = require("@pulumi/pulumi/proto/resource_pb");
    const ask = id => new Promise((done, failed) => getMonitor().supportsFeature(new SupportsFeatureRequest().setId(id),
      (error, answer) => error ? failed(error) : done([id, answer.getHassupport()])));
    module.exports = async () => Object.fromEntries(await Promise.all(["secrets", "resourceReferences", "outputValues",
      "aliasSpecs", "deletedWith", "replaceWith", "transforms", "invokeTransforms", "parameterization", "resourceHooks",
      "errorHooks", "what-comes-next"].map(ask)));`);
  expect((await project.run("up")).outputs).toEqual({
    secrets: true,
    resourceReferences: true,
    outputValues: true,
    aliasSpecs: true,
    deletedWith: true,
    replaceWith: true,
    transforms: false,
    invokeTransforms: false,
    parameterization: false,
    resourceHooks: false,
    errorHooks: false,
    "what-comes-next": false,
  });
});

test.each([
  ["transforms", `new Thing("a", 1, { transforms: [args => args] });`],
  ["transforms", `pulumi.runtime.registerStackTransform(args => args);`],
  ["resource hooks", `new pulumi.ResourceHook("hook", () => {});`],
  ["error hooks", `new pulumi.ErrorHook("hook", () => false);`],
  ["archives", `new Thing("a", new pulumi.asset.FileArchive("."));`],
  ["remote components", `new pulumi.ComponentResource("demo:index:Group", "a", {}, {}, true);`],
  ["envVarMappings", `new pulumi.ProviderResource("demo", "a", {}, { envVarMappings: { A: "B" } });`],
  [
    "parameterized packages",
    `
    const { RegisterPackageRequest } = require("@pulumi/pulumi/proto/resource_pb");
    const { getMonitor } = require("@pulumi/pulumi/runtime/settings");
    module.exports = () => new Promise((done, failed) =>
      getMonitor().registerPackage(new RegisterPackageRequest(), error => error ? failed(error) : done()));`,
  ],
  ["pulumi:pulumi:StackReference", `new pulumi.StackReference("other");`],
])("%s are refused by name, with the remedy", async (what, program) => {
  project.program(HEAD + program);
  expect((await project.run("up")).exitCode).toBe(1);
  const said = project.errors.join("\n");
  expect(said).toMatch(new RegExp(`the embedded engine does not support [^\n]*${what}`));
  expect(said).toContain("Use --engine pulumi with the stock Pulumi CLI.");
  expect(provider.mutations.filter(call => call !== "create a")).toEqual([]);
});

test("a package that nobody serves is refused by name, with the remedy", async () => {
  project.program(`${HEAD}new Thing("a", 1);`);
  const result = await project.run("up", { plugins: new PathPlugins(new Map(), project.root) });
  expect(result.exitCode).toBe(1);
  expect(project.errors.join("\n")).toMatch(/package 'demo' is not served[\s\S]*--engine pulumi/);
});

test("a plugin that is an executable is started as such, and its last line is told where it can't", async () => {
  const plugins = new PathPlugins(new Map([["command", resolve(__dirname, "../../provider")]]), project.root);
  try {
    expect(await plugins.address("command", undefined, "127.0.0.1:1")).toMatch(/^127\.0\.0\.1:\d+$/);
  } finally {
    plugins.close();
  }
  const broken = join(project.root, "pulumi-resource-demo");
  writeFileSync(broken, "#!/bin/sh\necho no licence for $1 >&2\nexit 3\n", { mode: 0o755 });
  await expect(
    new PathPlugins(new Map([["demo", project.root]]), project.root).address("demo", undefined, "127.0.0.1:1"),
  ).rejects.toThrow(/package 'demo' ended with code 3[\s\S]*no licence for 127\.0\.0\.1:1/);
});

test("policy packs of the project are refused by name, with the remedy", async () => {
  appendFileSync(join(project.root, "Pulumi.yaml"), "plugins: {analyzers: [{name: cost, path: packs/cost}]}\n");
  await expect(project.run("up")).rejects.toThrow(/policy packs[\s\S]*--engine pulumi/);
});

test("another backend is refused by name, with the remedy", async () => {
  writeFileSync(
    join(project.root, "Pulumi.yaml"),
    "name: demo\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.js\nbackend: {url: 's3://bucket'}\n",
  );
  const refusal = {
    summary: expect.stringContaining("backend s3://bucket"),
    remedy: expect.stringContaining("--engine pulumi"),
  };
  await expect(project.run("up")).rejects.toMatchObject({ problems: [refusal] });
});

test("a resource as an input reaches the provider as a reference, unknown in a preview, and stays the same", async () => {
  project.program(`${HEAD}
    const a = new Thing("a", 1);
    const group = new pulumi.ComponentResource("demo:index:Group", "g");
    module.exports = { b: new Thing("b", { direct: a, list: [group] }).urn };`);
  expect(await project.run("preview")).toMatchObject({ exitCode: 0, changes: { create: 4 } });
  await project.run("up");
  const urn = (type: string, name: string): string => `urn:pulumi:dev::demo::demo:index:${type}::${name}`;
  expect(provider.things.get("b-2")?.value).toEqual({
    direct: new ResourceReference(urn("Thing", "a"), "a-1", ""),
    list: [new ResourceReference(urn("Group", "g"), undefined, "")],
  });
  expect(await project.run("up", { expectNoChanges: true })).toMatchObject({ exitCode: 0, hasChanges: false });
});

test("an output value is what it holds: secret, unknown or plain", async () => {
  project.program(`${HEAD}
    const { Struct } = require("google-protobuf/google/protobuf/struct_pb");
    const { getMonitor, isDryRun } = require("@pulumi/pulumi/runtime/settings");
    const monitor = getMonitor();
    const register = monitor.registerResource.bind(monitor);
    const output = fields => ({ "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...fields });
    monitor.registerResource = (request, ...rest) => {
      if (request.getName() === "a") request.setObject(Struct.fromJavaScript({
        plain: output({ value: 1 }), hidden: output({ value: "s3cret", secret: true }),
        ...(isDryRun() ? { later: output({}) } : {}),
      }));
      return register(request, ...rest);
    };
    new Thing("a", 1);`);
  expect((await project.run("preview")).exitCode).toBe(0);
  const planned = project.events.find(event => event.resourcePreEvent?.metadata.urn.endsWith("::a"));
  expect(planned?.resourcePreEvent?.metadata.new?.inputs).toEqual({
    plain: 1,
    hidden: "[secret]",
    later: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  });
  await project.run("up");
  expect(project.checkpointText).not.toContain("s3cret");
  const stored = project.checkpoint.resources?.find(state => state.id === "a-1") as { inputs?: object } | undefined;
  expect(stored?.inputs).toEqual({ plain: 1, hidden: expect.objectContaining({ ciphertext: expect.any(String) }) });
});

test("an asset is as old as what it holds", async () => {
  const file = join(project.root, "motd");
  writeFileSync(file, "first");
  project.program(`${HEAD}
    new Thing("a", { text: new pulumi.asset.StringAsset("hello"), file: new pulumi.asset.FileAsset("motd") });`);
  await project.run("up");
  const sha256 = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e";
  expect(provider.things.get("a-1")?.value).toMatchObject({
    text: { kind: "asset", fields: { text: "hello" } },
    file: { kind: "asset", fields: { path: "motd", hash: sha256 } },
  });
  expect(await project.run("up")).toMatchObject({ hasChanges: false });
  writeFileSync(file, "second");
  await project.run("up");
  expect(project.steps).toEqual(["update a"]);
});
