import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { FORMAT_VERSION } from "../../facts/host-facts";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const HOST = "muster:index:Host";

describe("Host behind a real sshd", () => {
  const cleanup = new Cleanup();
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;

  beforeAll(async () => {
    sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    client = new ProviderClient(await server.address("muster"));
    cleanup.add(() => client.close());
    await client.configure({ cluster: "demo", hosts: [sshd.host() as unknown as ValueMap] });
  });
  afterAll(cleanup.run);

  test("preview knows the facts that create and read find, so that a second run has nothing to do", async () => {
    const { inputs } = await client.check(HOST, { host: "node-1", peers: ["127.0.0.1"] });
    const preview = await client.create(HOST, inputs, { preview: true });
    const made = await client.create(HOST, inputs);
    expect(made.outputs).toEqual(preview.outputs);
    const found = await client.read(HOST, made.id, made.outputs, inputs);
    expect(found.outputs).toEqual(made.outputs);
    expect(found.inputs).toEqual(inputs);
    expect(made.outputs.facts).toMatchObject({
      os: { status: "present", value: { id: /^ID=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] } },
      routes: { status: "present", value: [{ interface: "lo", address: "127.0.0.1", peers: ["127.0.0.1"] }] },
    });
  });

  test("ports that others hold and paths that are there are told, in preview too", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise(resolve => other.once("listening", resolve));
    cleanup.add(() => other.close());
    const { port } = other.address() as AddressInfo;
    const asked = { host: "node-1", peers: [], ports: [port], paths: ["/etc/os-release", "/nowhere/at/all"] };
    const { inputs } = await client.check(HOST, asked);
    const preview = await client.create(HOST, inputs, { preview: true });
    expect(preview.outputs).toMatchObject({
      portHolders: { status: "present", value: [{ port, program: expect.stringMatching(/./) }] },
      existingPaths: { status: "present", value: ["/etc/os-release"] },
    });
    const found = await client.read(HOST, "node-1", preview.outputs, inputs);
    expect(found.inputs).toEqual(inputs);
    expect(found.outputs).toEqual(preview.outputs);
  });

  test("the ways to the provider's nodes are told without a list of them with each host", async () => {
    const other = new ProviderClient(await server.address("muster"));
    cleanup.add(() => other.close());
    const nodes = [
      { host: "node-1", address: "127.0.0.1" },
      { host: "node-2", address: "127.0.0.2" },
    ];
    await other.configure({ cluster: "demo", nodes, hosts: [sshd.host() as unknown as ValueMap] });
    const { inputs } = await other.check(HOST, { host: "node-1", peersDigest: "0123" });
    const made = await other.create(HOST, inputs);
    const routes = (peers: string[]) => ({
      routes: { status: "present", value: [expect.objectContaining({ peers })] },
    });
    expect(made.outputs.facts).toMatchObject(routes(["127.0.0.2"]));
    expect(JSON.stringify(made.outputs).split("127.0.0.2")).toHaveLength(2);
    const found = await other.read(HOST, made.id, made.outputs, inputs);
    expect(found.outputs).toEqual(made.outputs);
    expect(found.inputs).toEqual(inputs);
    // A state of an earlier version has the peers with each host, and its provider has no nodes.
    const { peersDigest: _digest, ...rest } = made.outputs;
    const earlier = { ...rest, peers: ["127.0.0.3"] };
    const seen = await client.read(HOST, made.id, earlier, { host: "node-1", peers: ["127.0.0.3"] });
    expect(seen.outputs.facts).toMatchObject(routes(["127.0.0.3"]));
  });

  test("a peer that is no address is refused", async () => {
    const { failures } = await client.check(HOST, { host: "node-1", peers: ["node-2", "$(reboot)"] });
    expect(failures).toEqual([{ property: "peers[1]", reason: "must be an IP address or a host name." }]);
  });

  test("a host that cannot be asked: preview says so for every topic, never that it has none; create keeps that, and fails", async () => {
    const gone = { ...sshd.host(), port: 1, connectTimeoutSeconds: 1 } as unknown as ValueMap;
    const other = new ProviderClient(await server.address("muster"));
    cleanup.add(() => other.close());
    await other.configure({ cluster: "demo", hosts: [gone] });
    const preview = await other.create(HOST, { host: "node-1", peers: [], way: "" }, { preview: true });
    expect(preview.outputs.access).toBe("unasked");
    const { formatVersion, ...topics } = preview.outputs.facts as unknown as Record<string, unknown>;
    expect(formatVersion).toBe(FORMAT_VERSION);
    const facts = Object.values(topics);
    expect(facts.length).toBeGreaterThan(10);
    const unknown = { status: "unknown", reason: expect.stringContaining("127.0.0.1:1: "), remedy: expect.anything() };
    for (const fact of facts) expect(fact).toEqual(unknown);
    await expect(other.create(HOST, { host: "node-1", peers: [], way: "" })).rejects.toThrow(
      /host node-1 \(127\.0\.0\.1:1\)/,
    );
  });
});
