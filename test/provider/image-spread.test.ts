import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import type { ValueMap } from "../../wire/values";
import { until } from "../support/command";
import { FakeDocker, idOf } from "../support/fake-docker";
import { initFailure, ProviderClient } from "../support/provider-client";

const IMAGE = "muster:index:Image";
const A = idOf("a");
const WHOLE = `/var/lib/muster/dev/images/${"a".repeat(64)}.whole.tar`;
const OFFER = `offer ${WHOLE} 1000 ${"5".repeat(64)}\n`;
const NAMES = Array.from({ length: 6 }, (_, index) => `node-${index + 1}`);
const PEERS = NAMES.map((host, index) => ({ host, address: `10.0.0.${index + 1}` }));

describe("an image that hosts give to each other, over gRPC", () => {
  let docker: FakeDocker;
  let server: ProviderServer;
  let client: ProviderClient;

  beforeEach(async () => {
    docker = new FakeDocker();
    docker.hosts
      .query("df -PB1", "archives 1 90000 /var/lib/muster/dev/images\ndocker 1 90000 /var/lib/docker\nthere 0\n")
      .mutate("ready for other hosts", OFFER)
      .mutate("let other hosts fetch", "listening 20001 root\n")
      .mutate(/^fetch /, "at 10\nwhole\n")
      .mutate("load image", ({ host }) => {
        docker.put(host, "app:1", { id: A });
        return "";
      })
      .mutate("remove the archive", "");
    server = await startProviderServer({ packages, services: docker.services });
    client = new ProviderClient(await server.address("muster"));
    await client.configure({ cluster: "dev", hosts: [] });
  });
  afterEach(async () => {
    client.close();
    await server.stop();
    docker.hosts.assertExpected();
  });

  const declared = (host: string, changes: ValueMap = {}): ValueMap => ({
    host,
    reference: "app:1",
    source: { present: {} },
    peers: PEERS,
    spread: true,
    ...changes,
  });

  const create = (host: string, changes: ValueMap = {}) => client.create(IMAGE, declared(host, changes));
  /** Lets the first transfer begin only when all these hosts take part: each asked itself, besides being asked in the search. */
  function together(...names: string[]): void {
    docker.hosts.mutate("ready for other hosts", async () => {
      const asked = (name: string) => docker.hosts.calls.filter(call => call.host === name).length;
      await until("all take part", async () => (names.every(name => asked(name) >= 2) ? true : undefined));
      return OFFER;
    });
  }

  const changes = (what: string) => docker.hosts.mutations.filter(each => each.includes(what));

  test("comes from the host that has it to all others, each as a source of its own; at the end no archive is left", async () => {
    docker.put("node-1", "app:1", { id: A });
    together(...NAMES.slice(1));
    const made = await Promise.all(NAMES.map(name => create(name)));
    expect(made.map(each => each.outputs.imageId)).toEqual(NAMES.map(() => A));
    expect(made.map(each => each.outputs.owned)).toEqual([false, true, true, true, true, true]);
    // Written out once: what arrived is handed on as it is.
    expect(changes("ready for other hosts")).toEqual(["node-1: make app:1 ready for other hosts"]);
    expect(changes(": fetch ")).toHaveLength(5);
    expect(changes("remove the archive").sort()).toEqual(NAMES.map(name => `${name}: remove the archive of app:1`));
    const before = docker.hosts.mutations.length;
    await Promise.all(NAMES.map(name => create(name)));
    expect(docker.hosts.mutations).toHaveLength(before);
  });

  test("the key to a source reaches the other host by standard input, and is another one each time", async () => {
    docker.put("node-1", "app:1", { id: A });
    await create("node-2");
    await create("node-3");
    const fetches = docker.hosts.calls.filter(call => call.what?.startsWith("fetch "));
    const keys = fetches.map(call => Buffer.from(call.stdin?.split("\n")[0] ?? "", "base64").toString());
    for (const key of keys) expect(key).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----/);
    expect(new Set(keys).size).toBe(2);
    for (const [index, call] of fetches.entries()) expect(call.script).not.toContain(keys[index]?.split("\n")[1]);
  });

  test("most hosts decide where they differ; who does not answer is left out", async () => {
    for (const name of ["node-1", "node-2"]) docker.put(name, "app:1", { id: A });
    docker.put("node-3", "app:1", { id: idOf("b") });
    docker.hosts.query("docker image inspect", new Error("node-4 is dead"), "node-4");
    expect((await create("node-5")).outputs.imageId).toBe(A);
  });

  test("a source that cannot give it is passed over", async () => {
    for (const name of ["node-1", "node-2"]) docker.put(name, "app:1", { id: A });
    docker.hosts.mutate("ready for other hosts", "short 10 2000000000 /var/lib/muster\n", "node-1");
    await create("node-3");
    expect(changes(": fetch ")[0]).toMatch(/from node-2$/);
  });

  test("what nobody has and nobody can bring is told by each host", async () => {
    const failure = await create("node-1").catch(error => error);
    expect(initFailure(failure)?.reasons.join()).toMatch(/node-1: the image app:1 is not there[\s\S]*image\.archive/);
  });

  test("a host without room for it is told how much is missing where, before anything is sent", async () => {
    docker.put("node-1", "app:1", { id: A, sizeBytes: 3_000_000 });
    docker.hosts.query(
      "df -PB1",
      "archives 1 500 /var/lib/muster/dev/images\ndocker 2 1000000 /var/lib/docker\nthere 100\n",
      "node-2",
    );
    const failure = await create("node-2").catch(error => error);
    const said = initFailure(failure)?.reasons.join() ?? "";
    expect(said).toMatch(/node-2: there is not enough disk space/);
    expect(said).toContain("1 MB are missing in /var/lib/muster/dev/images");
    expect(said).toContain("2 MB are missing in /var/lib/docker: 3 MB are needed, 1 MB are free");
    expect(changes(": fetch ")).toEqual([]);
  });

  test("that arrived under another id is refused with the remedy", async () => {
    docker.put("node-1", "app:1", { id: A });
    docker.hosts.mutate("load image", () => {
      docker.put("node-2", "app:1", { id: idOf("c") });
      return "";
    });
    const made = create("node-2");
    await expect(made).rejects.toThrow(/became sha256:ccc.*is sha256:aaa.*on the other hosts[\s\S]*image store/);
  });

  test("where a host failed, one archive stays for its next try, and the others go", async () => {
    docker.put("node-1", "app:1", { id: A });
    together("node-2", "node-3");
    docker.hosts.mutate("load image", { exitCode: 1, stderr: "no space left on device" }, "node-3");
    const ends = await Promise.allSettled([create("node-2"), create("node-3")]);
    expect(ends.map(end => end.status)).toEqual(["fulfilled", "rejected"]);
    expect(changes("remove the archive").sort()).toEqual(
      ["node-2", "node-3"].map(name => `${name}: remove the archive of app:1`),
    );
  });
});
