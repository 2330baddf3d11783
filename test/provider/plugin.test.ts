import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { packages } from "../../provider/packages";
import { Cleanup } from "../support/cleanup";
import { leashed } from "../support/leash";
import { ProviderClient } from "../support/provider-client";

const root = path.resolve(__dirname, "../..");
const cleanup = new Cleanup();
afterEach(cleanup.run);

/** Runs main.ts without a build, under the name of the plugin's file: compiles each file as it is loaded. */
const LOAD = `
require("node:module").Module._extensions[".ts"] = (module, file) => {
  const options = { module: { type: "commonjs" }, jsc: { parser: { syntax: "typescript" }, target: "es2022" } };
  module._compile(require("@swc/core").transformFileSync(file, options).code, file);
};
require("./provider/main.ts");`;

interface Plugin {
  readonly process: ChildProcess;
  readonly firstLine: string;
  readonly client: ProviderClient;
}

/** As the stock engine starts it: an address of the engine, and a pipe that lasts as long as the engine does. */
async function plugin(packageName: string): Promise<Plugin> {
  const started = spawn(...leashed(process.execPath, "-e", LOAD, `pulumi-resource-${packageName}`, "127.0.0.1:1"), {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  cleanup.add(() => started.kill("SIGKILL"));
  const firstLine = await new Promise<string>((resolve, reject) => {
    started.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    started.once("exit", code => reject(new Error(`the plugin ended with ${code}`)));
  });
  const client = new ProviderClient(`127.0.0.1:${firstLine.trim()}`);
  cleanup.add(() => client.close());
  return { process: started, firstLine, client };
}

test("the stock engine finds an executable for each package", () => {
  const main = path.join(root, "provider/pulumi-resource-muster");
  for (const { name } of packages) {
    expect(realpathSync(path.join(root, `provider/pulumi-resource-${name}`))).toBe(realpathSync(main));
  }
  // With this file it would start them through the SDK's runner, which fails beside TypeScript 7.
  expect(existsSync(path.join(root, "provider/PulumiPlugin.yaml"))).toBe(false);
});

test("prints its port alone on the first line, has the schema, and ends when the engine interrupts it", async () => {
  const { client, firstLine, process: started } = await plugin("muster");
  expect(firstLine).toMatch(/^\d+\n$/);
  expect((await client.ask(client.raw.getPluginInfo, new Empty())).getVersion()).toBe("0.1.0");
  const schema = JSON.parse((await client.ask(client.raw.getSchema, new pb.GetSchemaRequest())).getSchema());
  expect(Object.keys(schema.resources)).toContain("muster:index:File");
  const ended = once(started, "exit");
  started.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});

test("is the package that its name says, and ends with an engine that was killed", async () => {
  const { client, process: started } = await plugin("docker");
  const { failures } = await client.check("docker:index/volume:Volume", { name: "v", mountpoint: "/x" });
  expect(failures).toEqual([
    { property: "mountpoint", reason: expect.stringMatching(/take docker out of plugins.providers in Pulumi.yaml/) },
  ]);
  const ended = once(started, "exit");
  started.stdin?.end();
  expect(await ended).toEqual([0, null]);
});
