import type { ValueMap } from "../../wire/values";
import { Secret } from "../../wire/values";
import { Cleanup } from "../support/cleanup";
import { IMAGE, type Made, Operator } from "./provider";
import { PASSWORD, Registry } from "./registry";
import { hostTable, OutsideView } from "./site";

const table = hostTable().slice(0, 4);
const hosts = table.map(host => new OutsideView(host.name));
const [first, second, third, offline] = hosts as [OutsideView, OutsideView, OutsideView, OutsideView];
const peers = table.map(({ name, address }) => ({ host: name, address }));
const cleanup = new Cleanup();
const afterAllTests = new Cleanup();
let registry: Registry;
let serial = 0;
let name: string;

beforeAll(async () => {
  const address = table[0]?.address ?? "";
  // The last host is not told that this registry speaks plain HTTP, so it cannot pull from it.
  for (const host of [first, second, third]) {
    await host.ask(`cp /etc/docker/daemon.json /etc/docker/daemon.json.own
      sed -i '0,/{/s//{"insecure-registries": ["${address}:5000", "${address}:5001"],/' /etc/docker/daemon.json; kill -HUP $(pgrep -x dockerd)`);
    afterAllTests.add(() =>
      host.ask("mv /etc/docker/daemon.json.own /etc/docker/daemon.json; kill -HUP $(pgrep -x dockerd)"),
    );
  }
  registry = await Registry.start(first, address, afterAllTests);
});
beforeEach(() => {
  name = `app-${serial++}:1`;
});
afterEach(async () => {
  await cleanup.run();
  for (const host of hosts)
    await host.ask(
      "docker images -q --no-trunc --filter reference='*:500*/*' | sort -u | xargs -r docker image rm -f; rm -rf /var/lib/muster/spread-d",
    );
});
afterAll(afterAllTests.run);

const operator = () => Operator.start(cleanup, "spread-d");
const declared = (host: OutsideView, changes: ValueMap = {}): ValueMap => ({
  host: host.name,
  reference: `${registry.open}/${name}`,
  source: { pull: {} },
  peers,
  ...changes,
});
const idOn = (host: OutsideView) => host.ask(`docker image inspect -f '{{.Id}}' ${registry.open}/${name}`);

/** What a refresh, a preview and an update make of it; the number of changes that were needed. */
async function repair(with_: Operator, made: Made, inputs = made.inputs) {
  const before = with_.changes().length;
  const read = await with_.client.read(IMAGE, made.id, made.outputs, made.inputs);
  const diff = await with_.client.diff(IMAGE, read.outputs, read.inputs, inputs);
  if (Object.keys(diff.detailed).length === 0) return { diff: diff.detailed, outputs: read.outputs, changes: [] };
  const outputs = await with_.client.update(IMAGE, made.id, read.outputs, read.inputs, inputs);
  return { diff: diff.detailed, outputs, changes: with_.changes().slice(before) };
}

describe("an image of a registry", () => {
  test("is pulled with its digest known, and never pulled again", async () => {
    const digest = await registry.push(name, "one");
    const run = await operator();
    const made = await run.make(declared(second));
    expect(made.outputs).toMatchObject({ digest, owned: true, found: made.outputs.imageId });
    const pulls = await registry.pulls();
    await registry.push(name, "two");
    expect(await repair(run, made)).toMatchObject({ diff: {}, changes: [] });
    expect(await registry.pulls()).toBe(pulls);
  });

  test("is the same on a host that comes later, although the tag has moved in the registry", async () => {
    const digest = await registry.push(name, "one");
    const run = await operator();
    await run.make(declared(second));
    await registry.push(name, "two");
    const later = await run.make(declared(third));
    expect(later.outputs.digest).toBe(digest);
    expect(await idOn(third)).toBe(await idOn(second));
  });

  test("whose tag names another image on the host is drift: preview tells it, and up only puts the name right", async () => {
    await registry.push(name, "one");
    const run = await operator();
    const made = await run.make(declared(second));
    await second.ask(`docker tag $(docker images -q muster-sim-train:dev) ${registry.open}/${name}`);
    const done = await repair(run, made);
    expect(done.diff).toEqual({ found: 4 });
    expect(done.changes).toEqual([`node-2: name the image ${registry.open}/${name}`]);
    expect(await idOn(second)).toBe(made.outputs.imageId);
    expect(await repair(run, { ...made, outputs: done.outputs })).toMatchObject({ diff: {}, changes: [] });
  });

  test("that is gone from the host comes back by its digest, not by what the tag is today", async () => {
    await registry.push(name, "one");
    const run = await operator();
    const made = await run.make(declared(second));
    await registry.push(name, "two");
    await second.ask(`docker image rm -f ${registry.open}/${name}`);
    expect((await repair(run, made)).diff).toEqual({ found: 4 });
    expect(await idOn(second)).toBe(made.outputs.imageId);
  });

  test("with a pinned digest is that one, whatever the tag says; another digest is an update", async () => {
    const one = await registry.push(name, "one");
    const two = await registry.push(name, "two");
    const run = await operator();
    const made = await run.make(declared(second, { pinnedDigest: one }));
    expect(made.outputs.digest).toBe(one);
    const { inputs } = await run.client.check(IMAGE, declared(second, { pinnedDigest: two }));
    const done = await repair(run, made, inputs);
    expect(done.diff).toEqual({ pinnedDigest: 4 });
    expect(done.outputs).toMatchObject({ digest: two });
    expect(done.outputs.imageId).not.toBe(made.outputs.imageId);
    const absent = declared(third, { pinnedDigest: `sha256:${"0".repeat(64)}` });
    await expect(run.make(absent)).rejects.toThrow(/pull image .*@sha256:0000.* failed[\s\S]*manifest unknown/);
  });

  test("that one host only can pull reaches the others from there, when it shall be spread", async () => {
    const digest = await registry.push(name, "one");
    const run = await operator();
    await expect(run.make(declared(offline))).rejects.toThrow(/pull image[\s\S]*image\.archive/);
    const all = await Promise.all([offline, second].map(host => run.make(declared(host, { spread: true }))));
    expect(all.map(each => each.outputs.digest)).toEqual([digest, digest]);
    expect(await idOn(offline)).toBe(await idOn(second));
    expect(await offline.ask("ls /var/lib/muster/spread-d/images 2>/dev/null | wc -l")).toBe("0");
  });

  test("behind a login: the password is on no command line, in no file and no log", async () => {
    await registry.push(name, "one");
    const run = await operator();
    const reference = `${registry.withLogin}/${name}`;
    const args = declared(second, { reference });
    await expect(run.make(args)).rejects.toThrow(/pull image[\s\S]*image\.registry/);
    const wrong = { user: "me", password: new Secret("not-it") };
    const refused = await run.make({ ...args, registry: wrong }).catch(error => String(error));
    expect(refused).toMatch(/unauthorized|401/i);
    expect(refused).not.toContain("not-it");

    // Every docker is seen for certain, other processes if they live long enough to be looked at.
    await second.ask(`cat >/usr/local/bin/docker <<'SEEN'
#!/bin/sh
echo "docker $*" >>/tmp/seen
exec /usr/bin/docker "$@"
SEEN
    chmod +x /usr/local/bin/docker
    nohup sh -c 'while :; do ps -eo args; sleep 0.01; done' >>/tmp/seen 2>/dev/null </dev/null & echo $! >/tmp/watch.pid`);
    cleanup.add(() =>
      second.ask("kill $(cat /tmp/watch.pid) 2>/dev/null; rm -f /usr/local/bin/docker /tmp/seen /tmp/watch.pid"),
    );
    const made = await run.make({ ...args, registry: { user: "me", password: new Secret(PASSWORD) } });
    expect(made.outputs.registry).toEqual(new Secret({ user: "me", password: PASSWORD }));
    // What looks for the secrets below would itself be seen.
    const seen = await second.ask("kill $(cat /tmp/watch.pid); cat /tmp/seen; rm /tmp/seen");
    expect(seen).toMatch(/docker login -u me --password-stdin/);
    const secrets = [
      PASSWORD,
      Buffer.from(PASSWORD).toString("base64"),
      Buffer.from(`me:${PASSWORD}`).toString("base64"),
    ];
    for (const secret of secrets) {
      expect(seen).not.toContain(secret);
      expect(run.changes().join("\n")).not.toContain(secret);
    }
    const files = 'grep -rlF -e "$(head -n 1)" /root /run /var/lib/muster /etc/docker /tmp 2>/dev/null || true';
    for (const secret of secrets.slice(1)) expect(await second.ask(`printf '%s\\n' '${secret}' | (${files})`)).toBe("");
    expect(await second.ask("find /run/muster -name 'docker.*' | wc -l")).toBe("0");
  });
});
