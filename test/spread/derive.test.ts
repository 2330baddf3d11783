import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ValueMap } from "../../wire/values";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { type Made, Operator } from "./provider";
import { hostTable, installableImage, OutsideView } from "./site";

const BASE = "muster-spread/base:1";
const REFERENCE = "muster-spread/derived:1";
const cleanup = new Cleanup();
const afterAllTests = new Cleanup();
const debsDirectory = mkdtempSync(path.join(tmpdir(), "muster-debs-"));
writeFileSync(path.join(debsDirectory, "new_1_all.deb"), "simulated");
afterAllTests.add(() => rmSync(debsDirectory, { recursive: true }));
afterEach(cleanup.run);
afterAll(afterAllTests.run);

const declared = (host: string, baseId: string, peers: ValueMap[]): ValueMap => ({
  host,
  reference: REFERENCE,
  source: { derive: { base: BASE, baseId, packages: ["new"], debsDirectory } },
  peers,
  spread: true,
});

/** The same base on these hosts, and after the tests no image of theirs. */
async function withBase(hosts: readonly OutsideView[]): Promise<string> {
  const [first, ...others] = hosts;
  if (!first) throw new Error("no host");
  for (const host of hosts)
    cleanup.add(() =>
      host.ask(`docker image rm -f ${REFERENCE} ${BASE} >/dev/null 2>&1; rm -rf /var/lib/muster/spread-c`),
    );
  await installableImage(first, BASE);
  const archive = path.join(debsDirectory, "base.tar");
  await first.save(`docker save ${BASE}`, archive);
  for (const host of others) await host.load(archive);
  return first.ask(`docker image inspect -f '{{.Id}}' ${BASE}`);
}

/** What a container of the image has, as docker itself gives it out. */
const newFile = (host: OutsideView) =>
  host.ask(
    `c=$(docker create --network none ${REFERENCE} x); docker cp $c:/usr/share/new/file - | tar -xO; docker rm $c >/dev/null`,
  );

async function everywhere(operator: Operator, table: ReturnType<typeof hostTable>, baseId: string): Promise<Made[]> {
  const peers = table.map(({ name, address }) => ({ host: name, address }));
  return Promise.all(table.map(({ name }) => operator.make(declared(name, baseId, peers))));
}

describe("an image derived for eight hosts", () => {
  const table = hostTable().slice(0, 8);
  const hosts = table.map(host => new OutsideView(host.name));

  test("is derived once, has one id everywhere, and only its layer travels", async () => {
    const baseId = await withBase(hosts);
    const operator = await Operator.start(cleanup, "spread-c");
    const made = await everywhere(operator, table, baseId);
    expect(new Set(made.map(each => each.outputs.imageId)).size).toBe(1);
    expect(operator.changes().filter(line => line.includes("install new"))).toHaveLength(1);
    for (const host of hosts) {
      expect(await newFile(host)).toBe("hello");
      const files = await host.ask("cd /var/lib/muster/spread-c/images && stat -c '%n %s' *");
      expect(files).toMatch(/^[0-9a-f]{64}\.tar \d{4,5}$/);
    }
  });

  test("comes from any host that has it, also when the one that derived it is out of reach", async () => {
    const baseId = await withBase(hosts.slice(0, 4));
    const first = await Operator.start(cleanup, "spread-c");
    const [made] = await everywhere(first, table.slice(0, 3), baseId);
    const deriver =
      first
        .changes()
        .find(line => line.includes("install new"))
        ?.split(":")[0] ?? "";
    const host = new OutsideView(deriver);
    await host.freeze();
    cleanup.add(() => host.thaw());
    const next = await Operator.start(cleanup, "spread-c");
    const peers = table.slice(0, 4).map(({ name, address }) => ({ host: name, address }));
    const late = await next.make(declared("node-4", baseId, peers));
    expect(late.outputs.imageId).toBe(made?.outputs.imageId);
    expect(next.changes().filter(line => line.includes("install"))).toEqual([]);
  });
});

test("two clusters that derived the same image: the first destroy leaves what the second one uses, the second removes it", async () => {
  const [place] = hostTable();
  const host = new OutsideView(place?.name ?? "");
  await withBase([host]);
  cleanup.add(() => host.ask("docker rm -f spread-ms >/dev/null 2>&1; rm -rf /var/lib/muster/spread-d"));
  await host.ask(`docker image rm ${BASE}`);
  const twice = ["spread-c", "spread-d"].map(cluster => ({ cluster, reference: `muster/${cluster}-node:latest` }));
  const made: { operator: Operator; base: Made; derived: Made }[] = [];
  for (const { cluster, reference } of twice) {
    const operator = await Operator.start(cleanup, cluster);
    const archive = { archive: { path: path.join(debsDirectory, "base.tar") } };
    const base = await operator.make({ host: host.name, reference: BASE, source: archive });
    const baseId = base.outputs.imageId as string;
    const derived = await operator.make({ ...declared(host.name, baseId, []), reference, spread: false });
    made.push({ operator, base, derived });
  }
  const [first, second] = made;
  if (!first || !second) throw new Error("two clusters were to be made");
  expect(second.derived.outputs.imageId).toBe(first.derived.outputs.imageId);
  const run = `docker run -d --network none --label muster.cluster=spread-d --name spread-ms ${twice[1]?.reference} sleep 600`;
  await host.ask(`${run} >/dev/null`);
  const remove = async ({ operator, base, derived }: (typeof made)[number]) => {
    await operator.remove(derived);
    await operator.remove(base);
  };
  const images = () => host.ask("docker images --format '{{.Repository}}:{{.Tag}}' | grep -e spread | sort");
  await remove(first);
  expect(await images()).toBe(`${BASE}\n${twice[1]?.reference}`);
  await expect(second.operator.remove(second.derived)).rejects.toThrow(/in use by spread-ms/);
  await host.ask("docker rm -f spread-ms");
  await remove(second);
  expect((await host.sh("docker images | grep spread; ls -A /var/lib/muster | grep -e spread -e images")).stdout).toBe(
    "",
  );
});

describe("with containerd's image store", () => {
  const table = hostTable().slice(6, 8);
  const hosts = table.map(host => new OutsideView(host.name));

  beforeAll(async () => {
    for (const host of hosts) {
      await host.ask("cp /etc/docker/daemon.json /etc/docker/daemon.json.own");
      afterAllTests.add(() => restarted(host, "mv /etc/docker/daemon.json.own /etc/docker/daemon.json"));
      await restarted(
        host,
        `sed -i 's/"cdi": true/"cdi": true, "containerd-snapshotter": true/; s/"overlay2"/"overlayfs"/' /etc/docker/daemon.json`,
      );
    }
  });

  /** Changes the engine's settings and starts it anew. */
  async function restarted(host: OutsideView, change: string): Promise<void> {
    const old = await host.ask(`${change}; pid=$(pgrep -x dockerd); kill $pid; echo $pid`);
    await until("the engine is back", async () => {
      const now = await host.sh("docker info >/dev/null 2>&1 && pgrep -x dockerd");
      return now.code === 0 && now.stdout.trim() !== old ? true : undefined;
    });
  }

  test("an image is derived and spread as one layer, too", async () => {
    const baseId = await withBase(hosts);
    expect(await hosts[0]?.ask("docker info -f '{{.DriverStatus}}'")).toMatch(/io.containerd.snapshotter/);
    const operator = await Operator.start(cleanup, "spread-c");
    const made = await everywhere(operator, table, baseId);
    expect(new Set(made.map(each => each.outputs.imageId)).size).toBe(1);
    for (const host of hosts) {
      expect(await newFile(host)).toBe("hello");
      expect(await host.ask(`docker image inspect -f '{{.Id}} {{.Config.Env}}' ${REFERENCE}`)).toBe(
        `${made[0]?.outputs.imageId} [SITE=here]`,
      );
      expect(await host.ask("cd /var/lib/muster/spread-c/images && stat -c '%n %s' *")).toMatch(
        /^[0-9a-f]{64}\.tar \d{4,5}$/,
      );
    }
  });

  test("a host with the other kind of store is refused what it would know under another id, with the remedy", async () => {
    const other = new OutsideView("node-1");
    const [contained] = hosts;
    if (!contained) throw new Error("no host");
    for (const host of [other, contained])
      cleanup.add(() => host.ask(`docker image rm -f ${BASE} >/dev/null 2>&1; rm -rf /var/lib/muster/spread-c`));
    await installableImage(other, BASE);
    const operator = await Operator.start(cleanup, "spread-c");
    const peers = [hostTable()[0], table[0]].map(host => ({ host: host?.name ?? "", address: host?.address ?? "" }));
    const made = operator.make({ host: contained.name, reference: BASE, source: { present: {} }, peers, spread: true });
    await expect(made).rejects.toThrow(/became sha256:.*on the other hosts[\s\S]*same kind of image store/);
  });
});
