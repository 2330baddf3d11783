import { image } from "../../provider/muster/kinds/image/image";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { Secret, UNKNOWN, type ValueMap } from "../../wire/values";
import { FakeDocker, idOf } from "../support/fake-docker";
import { kindContext } from "../support/kind-context";
import { initFailure, ProviderClient } from "../support/provider-client";

const IMAGE = "muster:index:Image";
const A = idOf("a");
const B = idOf("b");
const DIGEST = idOf("d");
const PEERS = ["node-1", "node-2"].map((host, index) => ({ host, address: `10.0.0.${index + 1}` }));

describe("an image on a host, over gRPC", () => {
  let docker: FakeDocker;
  let server: ProviderServer;
  let client: ProviderClient;

  beforeEach(async () => {
    docker = new FakeDocker();
    server = await startProviderServer({ packages, services: docker.services });
    client = new ProviderClient(await server.address("muster"));
    await client.configure({ cluster: "dev", hosts: [] });
  });
  afterEach(async () => {
    client.close();
    await server.stop();
    docker.hosts.assertExpected();
  });

  const declared = (changes: ValueMap = {}): ValueMap => ({
    host: "node-1",
    reference: "app:1",
    source: { pull: {} },
    ...changes,
  });

  async function make(changes: ValueMap = {}) {
    const { inputs, failures } = await client.check(IMAGE, declared(changes));
    expect(failures).toEqual([]);
    return { inputs, ...(await client.create(IMAGE, inputs)) };
  }

  /** What a pull gives. */
  function registryHas(id: string, digest: string): void {
    docker.hosts.mutate("pull image", ({ host, what }) => {
      const reference = what?.replace("pull image ", "") ?? "";
      docker.put(host, reference, { id, digests: [`app@${digest}`] });
      return "";
    });
  }

  async function refreshed(made: { id: string; outputs: ValueMap; inputs: ValueMap }, news = made.inputs) {
    const read = await client.read(IMAGE, made.id, made.outputs, made.inputs);
    return { ...read, diff: await client.diff(IMAGE, read.outputs, read.inputs, news) };
  }

  test("that is there already is used as it is, and never removed", async () => {
    docker.put("node-1", "app:1", { id: A, sizeBytes: 7 });
    const made = await make();
    expect(made.id).toBe("node-1/app:1");
    expect(made.outputs).toMatchObject({ imageId: A, found: A, sizeBytes: 7, digest: "", owned: false });
    await client.delete(IMAGE, made.id, made.outputs, made.inputs);
    expect(docker.hosts.mutations).toEqual([]);
  });

  test("is pulled when it is not there, is then ours, and is not pulled again", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    expect(made.outputs).toMatchObject({ imageId: A, digest: DIGEST, owned: true });
    expect(docker.hosts.mutations).toEqual(["node-1: pull image app:1"]);
    const again = await refreshed(made);
    expect(again.outputs).toEqual(made.outputs);
    expect(again.diff.detailed).toEqual({});
    docker.hosts.mutate("remove image", "");
    await client.delete(IMAGE, made.id, made.outputs, made.inputs);
    expect(docker.hosts.mutations.at(-1)).toBe("node-1: remove image app:1");
  });

  test("whose name moved on the host is drift; the preview keeps the id, the update only names", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    docker.put("node-1", "elsewhere:1", { id: A });
    docker.put("node-1", "app:1", { id: B });
    const drifted = await refreshed(made);
    expect(drifted.outputs).toMatchObject({ imageId: A, found: B });
    expect(drifted.diff.detailed).toEqual({ found: 4 });
    const planned = await client.update(IMAGE, made.id, drifted.outputs, drifted.inputs, made.inputs, true);
    expect(planned).toMatchObject({ imageId: A, found: A });
    const repaired = await client.update(IMAGE, made.id, drifted.outputs, drifted.inputs, made.inputs);
    expect(repaired).toMatchObject({ imageId: A, found: A, owned: true });
    expect(docker.hosts.mutations.slice(1)).toEqual(["node-1: name the image app:1"]);
  });

  test("that is gone comes back by the digest that was recorded", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    docker.drop("node-1", "app:1");
    const drifted = await refreshed(made);
    expect(drifted.outputs).toMatchObject({ imageId: A, found: "" });
    await client.update(IMAGE, made.id, drifted.outputs, drifted.inputs, made.inputs);
    expect(docker.hosts.mutations.slice(1)).toEqual([
      `node-1: pull image app@${DIGEST}`,
      "node-1: name the image app:1",
    ]);
  });

  test("of which docker cannot be asked is an error, never absent", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    docker.hosts.query("docker image inspect", { exitCode: 1, stderr: "Cannot connect to the Docker daemon" });
    await expect(client.read(IMAGE, made.id, made.outputs, made.inputs)).rejects.toThrow(
      /host node-1: asking docker for image app:1 failed[\s\S]*Cannot connect/,
    );
  });

  test("declared as present: what is put there under the name is the image; where it is missing, the error says so", async () => {
    docker.put("node-1", "app:1", { id: A });
    const made = await make({ source: { present: {} } });
    docker.put("node-1", "app:1", { id: B });
    const renewed = await refreshed(made);
    expect(renewed.outputs).toMatchObject({ imageId: B, found: B });
    expect(renewed.diff.detailed).toEqual({});
    docker.drop("node-1", "app:1");
    const gone = await refreshed(made);
    expect(gone.diff.detailed).toEqual({ found: 4 });
    const update = client.update(IMAGE, made.id, gone.outputs, gone.inputs, made.inputs);
    await expect(update).rejects.toThrow(/is not there, and the cluster file says that it is[\s\S]*docker load/);
    expect(docker.hosts.mutations).toEqual([]);
  });

  test("is imported by host and name, and then not ours", async () => {
    docker.put("node-1", "registry:5000/app:1", { id: A, digests: [`registry:5000/app@${DIGEST}`] });
    const found = await client.read(IMAGE, "node-1/registry:5000/app:1");
    expect(found.inputs).toMatchObject({ host: "node-1", reference: "registry:5000/app:1" });
    expect(found.outputs).toMatchObject({ imageId: A, digest: DIGEST, owned: false });
    expect((await client.read(IMAGE, "node-1/nothing:1")).id).toBe("");
  });

  test("in use by the stack's own container is not removed, and the error names it", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    docker.hosts.mutate("remove image", { exitCode: 1, stderr: "in use by ms" });
    await expect(client.delete(IMAGE, made.id, made.outputs, made.inputs)).rejects.toThrow(/node-1[\s\S]*in use by ms/);
  });

  test("that others use stays and is told; the last who lets it go removes it, although it was not the one who brought it", async () => {
    docker.put("node-1", "app:1", { id: A });
    const state = { host: "node-1", reference: "app:1", source: { pull: {} }, peers: [], spread: false };
    const outputs = { imageId: A, found: A, digest: "", sizeBytes: 5 };
    const told: string[] = [];
    const context = { ...kindContext(docker.hosts), tell: (line: string) => void told.push(line) };
    docker.hosts.mutate("remove image", "kept container ms of cluster prod, image muster/prod-node:latest\n");
    await image.delete(context, "", { ...state, ...outputs, owned: true });
    expect(told).toEqual([
      "the image app:1 stays on node-1, because others use it: container ms of cluster prod, image muster/prod-node:latest",
    ]);
    docker.hosts.mutate("remove image", "").query("*.part-*", `/var/lib/muster/.images/${"a".repeat(64)}\n`);
    await image.delete(context, "", { ...state, ...outputs, owned: false });
    expect(docker.hosts.mutations).toEqual(["node-1: remove image app:1", "node-1: remove image app:1"]);
    expect(told).toHaveLength(1);
  });

  test("how it travels is no difference: peers, spread, and a new password", async () => {
    registryHas(A, DIGEST);
    const made = await make({ peers: PEERS.slice(0, 1) });
    const news = declared({ peers: PEERS, spread: true, registry: { user: "me", password: new Secret("new one") } });
    const { inputs } = await client.check(IMAGE, news);
    expect((await client.diff(IMAGE, made.outputs, made.inputs, inputs)).detailed).toEqual({});
  });

  test("peers that are not known yet are no difference either", async () => {
    registryHas(A, DIGEST);
    const made = await make();
    const { inputs } = await client.check(IMAGE, declared({ peers: UNKNOWN }));
    expect((await client.diff(IMAGE, made.outputs, made.inputs, inputs)).detailed).toEqual({});
  });

  test("a password goes by standard input only, and no output or error shows it", async () => {
    docker.hosts.mutate("pull image", { exitCode: 1, stderr: "denied for hunter2" });
    const registry = { server: "r.example", user: "me", password: new Secret("hunter2") };
    const failure = await make({ registry }).catch(error => String(error));
    expect(failure).toMatch(/denied for \[secret\][\s\S]*image\.registry/);
    const [call] = docker.hosts.calls.filter(each => each.verb === "mutate");
    expect(Buffer.from(call?.stdin ?? "", "base64").toString()).toBe("hunter2");
    expect(call?.script).toContain("docker login -u me --password-stdin r.example");
    expect(call?.script).not.toContain("hunter2");
  });

  test.each(["peers that are named", "the provider's nodes"])(
    "all hosts get the digest of the first, also when the tag moves while they pull (%s)",
    async whose => {
      const isNamed = whose.includes("named");
      if (!isNamed) await client.configure({ cluster: "dev", hosts: [], nodes: PEERS });
      const pulled: string[] = [];
      let bothBegan = () => {};
      const began = new Promise<void>(resolve => {
        bothBegan = resolve;
      });
      docker.hosts.mutate("pull image", async ({ host, what }) => {
        const reference = what?.replace("pull image ", "") ?? "";
        const digest = reference.split("@")[1] ?? idOf(String(pulled.length));
        pulled.push(digest);
        docker.put(host, reference, { id: digest, digests: [`app@${digest}`] });
        if (pulled.length === 2) bothBegan();
        await began;
        return "";
      });
      const all = await Promise.all(PEERS.map(({ host }) => make({ host, ...(isNamed && { peers: PEERS }) })));
      const [first] = all;
      expect(all[1]?.outputs.digest).toBe(first?.outputs.digest);
      expect(pulled).toEqual([idOf("0"), idOf("1"), first?.outputs.digest]);
      expect(docker.find("node-1", "app:1")?.id).toBe(docker.find("node-2", "app:1")?.id);
    },
  );

  test.each([
    [{ reference: `app@${DIGEST}`, source: { derive: { base: "x", packages: [] } } }, "reference"],
    [{ reference: `app@${DIGEST}`, spread: true }, "reference"],
    [{ reference: "app@sha256:short" }, "reference"],
    [{ pinnedDigest: DIGEST, source: { present: {} } }, "pinnedDigest"],
    [{ reference: `app:1@${A}`, pinnedDigest: DIGEST }, "pinnedDigest"],
    [{ registry: { user: "me", password: "x" }, source: { present: {} } }, "registry"],
    [{ source: { pull: {}, present: {} } }, "source"],
  ])("%j is refused before any host is asked", async (changes, property) => {
    const { failures } = await client.check(IMAGE, declared(changes as ValueMap));
    expect(failures.map(failure => failure.property)).toEqual([property]);
    expect(docker.hosts.calls).toEqual([]);
  });

  test("a state of an older version can still be read, updated and removed", async () => {
    docker.put("node-1", "app:1", { id: A });
    const old = { host: "node-1", reference: "app:1", source: { spread: { fromHost: "node-2", imageId: A } } };
    const outputs = { ...old, imageId: A, digest: "", sizeBytes: 5, owned: true };
    const read = await client.read(IMAGE, "node-1/app:1", outputs, old);
    expect(read.outputs).toMatchObject({ imageId: A, found: A });
    const { inputs } = await client.check(IMAGE, declared());
    expect(await client.update(IMAGE, read.id, read.outputs, read.inputs, inputs)).toMatchObject({ imageId: A });
    expect(docker.hosts.mutations).toEqual([]);
    docker.hosts.mutate("remove image", "");
    await client.delete(IMAGE, read.id, read.outputs, read.inputs);
    expect(docker.hosts.mutations).toEqual(["node-1: remove image app:1"]);
  });

  test("another compressed archive is another image, although nobody can tell which", async () => {
    const old = declared({ source: { archive: { path: "/a.tar.gz", fingerprint: "1" } }, peers: [], spread: false });
    docker.put("node-1", "app:1", { id: A });
    const outputs = { ...old, imageId: A, found: A, digest: "", sizeBytes: 5, owned: true };
    const moved = { ...old, source: { archive: { path: "/b.tar.gz", fingerprint: "1" } } };
    expect(await client.update(IMAGE, "node-1/app:1", outputs, old, moved)).toMatchObject({ imageId: A });
    const other = { ...old, source: { archive: { path: "/a.tar.gz", fingerprint: "2" } } };
    await expect(client.update(IMAGE, "node-1/app:1", outputs, old, other)).rejects.toThrow(/\/a\.tar\.gz/);
  });

  test("that did not arrive leaves a resource behind, so that its parts are continued or removed", async () => {
    const path = `${__dirname}/../golden/absent.tar`;
    const inputs = declared({ source: { archive: { path } }, peers: [], spread: false });
    const failure = await client.create(IMAGE, inputs).catch(error => error);
    expect(initFailure(failure)).toMatchObject({ id: "node-1/app:1", outputs: { imageId: "", owned: false } });
    const left = initFailure(failure);
    docker.hosts.query("*.part-*", "/var/lib/muster/dev/images/x.part-1\n").mutate("remove what was left", "");
    await client.delete(IMAGE, "node-1/app:1", left?.outputs ?? {}, left?.inputs ?? {});
    expect(docker.hosts.mutations).toEqual(["node-1: remove what was left of images on their way"]);
  });
});
