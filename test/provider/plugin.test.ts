import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { encode } from "../../wire/struct";
import { leashed } from "../support/leash";
import { ProviderClient } from "../support/provider-client";

const root = path.resolve(__dirname, "../..");

/** Runs main.ts without a build: compiles each file as it is loaded. The engine's address is the first argument, as after a file. */
const LOAD = `
require("node:module").Module._extensions[".ts"] = (module, file) => {
  const options = { module: { type: "commonjs" }, jsc: { parser: { syntax: "typescript" }, target: "es2022" } };
  module._compile(require("@swc/core").transformFileSync(file, options).code, file);
};
process.argv.splice(1, 0, "main");
require("./provider/main.ts");`;

describe("plugin for the stock engine", () => {
  let plugin: ChildProcess;
  let port: string;

  beforeAll(async () => {
    plugin = spawn(...leashed(process.execPath, "-e", LOAD, "127.0.0.1:1"), {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    port = await new Promise<string>((resolve, reject) => {
      plugin.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
      plugin.once("exit", code => reject(new Error(`the plugin ended with ${code}`)));
    });
  });
  afterAll(() => {
    plugin.removeAllListeners("exit");
    plugin.kill("SIGTERM");
  });

  test("prints its port alone on the first line", () => {
    expect(port).toMatch(/^\d+\n$/);
  });

  test("has the schema, and becomes the package that the first URN names", async () => {
    const client = new ProviderClient(`127.0.0.1:${port.trim()}`);
    expect((await client.ask(client.raw.getPluginInfo, new Empty())).getVersion()).toBe("0.1.0");
    const schema = JSON.parse((await client.ask(client.raw.getSchema, new pb.GetSchemaRequest())).getSchema());
    expect(Object.keys(schema.resources)).toContain("muster:index:File");
    const request = new pb.CheckRequest()
      .setUrn("urn:pulumi:dev::t::pulumi:providers:docker::local")
      .setNews(encode({}));
    await client.ask(client.raw.checkConfig, request);
    const { failures } = await client.check("docker:index/volume:Volume", { name: "v", mountpoint: "/x" });
    expect(failures.map(failure => failure.property)).toEqual(["mountpoint"]);
    client.close();
  });
});
