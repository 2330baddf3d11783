import { statSync } from "node:fs";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { encode } from "../../wire/struct";
import { Secret, UNKNOWN, UNKNOWN_SENTINEL } from "../../wire/values";
import { initFails, MemoryPackage } from "../support/memory-package";
import { initFailure, ProviderClient } from "../support/provider-client";

const THING = "memory:index:Thing";
const { ADD, UPDATE, UPDATE_REPLACE } = pb.PropertyDiff.Kind;

describe("provider server over gRPC", () => {
  let memory: MemoryPackage;
  let server: ProviderServer;
  let client: ProviderClient;
  let address: string;

  beforeEach(async () => {
    memory = new MemoryPackage();
    server = await startProviderServer({ packages: [memory.definition], services: memory.services });
    address = await server.address("memory");
    client = new ProviderClient(address);
    await client.configure({ region: "north" });
  });
  afterEach(async () => {
    client.close();
    await server.stop();
  });

  test("listens on a socket in a folder that only the operator can enter", () => {
    expect(statSync(path.dirname(address.replace("unix:", ""))).mode & 0o777).toBe(0o700);
  });

  test("stop closes the connections and removes the folder", async () => {
    await server.stop();
    expect(memory.closed).toBe(true);
    expect(() => statSync(path.dirname(address.replace("unix:", "")))).toThrow("ENOENT");
  });

  test("says that it takes secrets and previews", async () => {
    const response = await client.configure({ region: "north" });
    expect(response.toObject()).toMatchObject({ acceptsecrets: true, supportspreview: true, acceptresources: true });
  });

  test("each address is a provider with a configuration of its own", async () => {
    const other = new ProviderClient(await server.address("memory"));
    await expect(other.create(THING, { text: "x" })).rejects.toThrow("provider memory is not configured");
    other.close();
  });

  describe("check", () => {
    test("fills in defaults and leaves unknown and secret fields as they are", async () => {
      const { inputs, failures } = await client.check(THING, { text: UNKNOWN, note: new Secret("hush") });
      expect(failures).toEqual([]);
      expect(inputs).toEqual({ text: UNKNOWN, note: new Secret("hush"), size: 3, place: "here" });
    });

    test("reports every problem at once, with the nearest name", async () => {
      const { failures } = await client.check(THING, { text: "", size: "x", txet: 1, list: [{ key: 5 }] });
      const properties = failures.map(failure => failure.property).sort();
      expect(properties).toEqual(["list[0].key", "size", "text", "txet"]);
      expect(failures.find(failure => failure.property === "txet")?.reason).toContain('did you mean "text"');
    });

    test("what is missing is one problem, which may come of another resource's failure", async () => {
      const { failures } = await client.check(THING, { size: "x", list: [{}, { key: "k" }] });
      expect(failures.map(failure => failure.property).sort()).toEqual(["size", "text"]);
      expect(failures.find(failure => failure.property === "text")?.reason).toMatch(
        /^is required and missing \(list\[0\]\.key too\)\. If it comes from a resource that failed in this run, /,
      );
    });

    test("asks the kind itself once the fields are well", async () => {
      expect((await client.check(THING, { text: "bad" })).failures).toEqual([
        { property: "text", reason: 'cannot be "bad".' },
      ]);
    });
  });

  describe("diff", () => {
    const old = { text: "a", size: 3, place: "here", list: [{ key: "a" }, { key: "b" }] };

    test("names the leaves that differ, and what must be replaced", async () => {
      const news = { ...old, place: "there", note: "new", list: [{ key: "a" }, { key: "c" }] };
      const diff = await client.diff(THING, old, old, news);
      expect(diff.detailed).toEqual({ place: UPDATE_REPLACE, note: ADD, "list[1].key": UPDATE });
      expect(diff).toMatchObject({ replacesList: ["place"], deletebeforereplace: true, hasdetaileddiff: true });
    });

    test("a secret equals its plain value, an unknown counts as a change", async () => {
      expect((await client.diff(THING, old, old, { ...old, text: new Secret("a") })).detailed).toEqual({});
      expect((await client.diff(THING, old, old, { ...old, text: UNKNOWN })).detailed).toEqual({ text: UPDATE });
    });

    test("ignored properties and what is in them are left out", async () => {
      const news = { ...old, text: "b", list: [{ key: "z" }] };
      expect((await client.diff(THING, old, old, news, ["text", "list"])).changes).toBe(
        pb.DiffResponse.DiffChanges.DIFF_NONE,
      );
    });
  });

  describe("preview", () => {
    test("never creates; gives inputs, predictions, and unknown for the rest", async () => {
      const made = await client.create(THING, { text: "a", note: new Secret("hush") }, { preview: true });
      expect(made.outputs).toMatchObject({ text: "a", made: "made a", token: UNKNOWN, note: new Secret("hush") });
      await client.update(THING, "thing-1", { text: "a" }, { text: "a" }, { text: UNKNOWN }, true);
      expect(memory.calls).toEqual([]);
    });

    test("works while the configuration is still unknown, and then predicts nothing", async () => {
      await client.configure({ region: UNKNOWN });
      expect((await client.create(THING, { text: "a" }, { preview: true })).outputs.made).toBe(UNKNOWN);
    });
  });

  describe("secrets", () => {
    test("reach the kind unwrapped and come back wrapped, never plain on the wire", async () => {
      const request = new pb.CreateRequest().setUrn(`urn:pulumi:dev::test::${THING}::it`).setType(THING);
      request.setProperties(encode({ text: "a", note: new Secret("hush-hush"), password: "declared-by-policy" }));
      const response = await client.ask(client.raw.create, request);
      expect(memory.calls[0]?.inputs).toMatchObject({ note: "hush-hush", password: "declared-by-policy" });
      const outputs = (await client.create(THING, { text: "a", note: new Secret("hush-hush"), password: "p4ss" }))
        .outputs;
      for (const name of ["note", "password", "token", "copy"]) expect(outputs[name]).toBeInstanceOf(Secret);
      expect(outputs.made).toBe("made a");
      expect(JSON.stringify(response.getProperties()?.toJavaScript())).not.toContain(UNKNOWN_SENTINEL);
    });

    test("are taken out of errors", async () => {
      memory.behave = async (_context, inputs) => {
        throw new Error(`cannot use ${inputs.note} and ${inputs.password}`);
      };
      const failure = client.create(THING, { text: "a", note: new Secret("hush-hush"), password: "p4ssw0rd" });
      await expect(failure).rejects.toThrow("cannot use [secret] and [secret]");
    });
  });

  test("an unknown input is never created", async () => {
    await expect(client.create(THING, { text: UNKNOWN })).rejects.toThrow("text is still unknown");
    expect(memory.calls).toEqual([]);
  });

  test("a partial create and update keep id, outputs and reasons, without secrets in the reasons", async () => {
    memory.behave = initFails("not ready: hush-hush");
    const news = { text: "a", note: new Secret("hush-hush") };
    const created = initFailure(await client.create(THING, news).catch((error: unknown) => error));
    expect(created).toMatchObject({ id: "thing-1", reasons: ["not ready: [secret]"] });
    expect(created?.outputs).toMatchObject({ text: "a", note: new Secret("hush-hush"), made: "half" });
    expect(created?.outputs.token).toBeInstanceOf(Secret);
    const updated = await client.update(THING, "thing-1", news, news, news).catch((error: unknown) => error);
    expect(initFailure(updated)).toMatchObject({ id: "thing-1" });
  });

  test("a partial state larger than a trailer can be loses only what the inputs have too", async () => {
    memory.behave = initFails("not ready");
    const news = { text: "x".repeat(200_000) };
    const created = initFailure(await client.create(THING, news).catch((error: unknown) => error));
    expect(created?.outputs.made).toBe("half");
    expect(created?.outputs.text).toBeUndefined();
  });

  describe("an operation that does not end by itself", () => {
    const waiting = (begun: () => void) => (context: { signal: AbortSignal }) =>
      new Promise<void>((_, reject) => {
        context.signal.addEventListener("abort", () => reject(new Error("stopped")));
        begun();
      });

    test("is ended by cancel, and the next one runs", async () => {
      const begun = new Promise<void>(resolve => {
        memory.behave = waiting(resolve);
      });
      const failure = expect(client.create(THING, { text: "a" })).rejects.toThrow("create was cancelled");
      await begun;
      await client.cancel();
      await failure;
      memory.behave = async () => {};
      expect((await client.create(THING, { text: "a" })).id).toBe("thing-1");
    });

    test("that was cancelled half-way tells what is there already", async () => {
      const begun = new Promise<void>(resolve => {
        const wait = waiting(resolve);
        memory.behave = context => wait(context).catch(initFails("goes on without you"));
      });
      const failure = client.create(THING, { text: "a" }).catch((error: unknown) => error);
      await begun;
      await client.cancel();
      expect(initFailure(await failure)).toMatchObject({ id: "thing-1", reasons: ["goes on without you"] });
    });

    test("is ended by customTimeouts, and the text says so", async () => {
      memory.behave = waiting(() => {});
      const failure = client.create(THING, { text: "a" }, { timeout: 1 });
      await expect(failure).rejects.toThrow(/create did not end within 1 s\nRemedy: .*customTimeouts/);
    });
  });

  test("what it does not serve is refused by name", async () => {
    await expect(client.create("memory:index:Other", {})).rejects.toThrow('has no resource "memory:index:Other"');
    const invoke = client.ask(client.raw.invoke, new pb.InvokeRequest().setTok("memory:index:getThing"));
    await expect(invoke).rejects.toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
      details: expect.stringContaining("getThing"),
    });
    const schema = client.ask(client.raw.getSchema, new pb.GetSchemaRequest());
    await expect(schema).rejects.toThrow('package memory does not offer the schema "memory" here.');
  });

  test("status lines and what is told reach the engine, redacted; status lines are ephemeral, none twice on end", async () => {
    const lines: LogRequest[] = [];
    const engine = new grpc.Server();
    engine.addService(EngineService, {
      log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, callback: grpc.sendUnaryData<Empty>) => {
        lines.push(call.request);
        callback(null, new Empty());
        if (call.request.getMessage() === "done") arrived();
      },
      getRootResource: () => {},
      setRootResource: () => {},
      startDebugging: () => {},
      requirePulumiVersion: () => {},
    });
    let arrived = () => {};
    const last = new Promise<void>(resolve => {
      arrived = resolve;
    });
    const port = await new Promise<number>((resolve, reject) =>
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    await client.ask(client.raw.attach, new PluginAttach().setAddress(`127.0.0.1:${port}`));
    memory.behave = async context => {
      context.status("step 1 of 2 with hush-hush");
      context.status("step 1 of 2 with hush-hush");
      context.tell("hush-hush stays");
      context.status("done");
    };
    await client.create(THING, { text: "a", note: new Secret("hush-hush") });
    await last;
    engine.forceShutdown();
    expect(lines.map(line => line.getMessage())).toEqual(["step 1 of 2 with [secret]", "[secret] stays", "done"]);
    expect(lines.map(line => line.getEphemeral())).toEqual([true, false, true]);
  });

  test("a configuration may change without anything being replaced", async () => {
    const request = new pb.DiffRequest().setUrn("urn:pulumi:dev::t::pulumi:providers:memory::p");
    request.setOldInputs(encode({ region: "north" })).setNews(encode({ region: "south" }));
    const response = await client.ask(client.raw.diffConfig, request);
    expect(response.toObject()).toMatchObject({ diffsList: ["region"], replacesList: [] });
  });
});
