import { rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ValueMap } from "../../wire/values";
import { Cleanup } from "../support/cleanup";
import { type Made, Operator } from "./provider";
import { hostTable, OutsideView, randomImage } from "./site";

const REFERENCE = "muster-spread/fan-out:1";
const IMAGE_BYTES = 50_000_000;
const FOLDER = "/var/lib/muster/spread-a";
const table = hostTable().slice(0, 8);
const hosts = table.map(host => new OutsideView(host.name));
const peers = table.map(({ name, address }) => ({ host: name, address }));
const archive = path.join(tmpdir(), `muster-spread-${process.pid}.tar`);
const cleanup = new Cleanup();
const afterAllTests = new Cleanup();

beforeAll(async () => {
  if (hosts.length < 8) throw new Error("these tests need eight simulated hosts");
  await randomImage(hosts[0], REFERENCE, IMAGE_BYTES, archive);
  afterAllTests.add(() => rmSync(archive));
});
afterEach(async () => {
  await cleanup.run();
  for (const host of hosts) await host.ask(`docker image rm -f ${REFERENCE} >/dev/null 2>&1; rm -rf ${FOLDER}`);
});
afterAll(afterAllTests.run);

const declared = (host: string, changes: ValueMap = {}): ValueMap => ({
  host,
  reference: REFERENCE,
  source: { archive: { path: archive } },
  peers,
  spread: true,
  ...changes,
});

async function everywhere(operator: Operator, changes: ValueMap = {}): Promise<PromiseSettledResult<Made>[]> {
  return Promise.allSettled(table.map(({ name }) => operator.make(declared(name, changes))));
}

function made(results: PromiseSettledResult<Made>[]): Made[] {
  return results.map(result => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

const idsOnHosts = () =>
  Promise.all(hosts.map(host => host.sh(`docker image inspect -f '{{.Id}}' ${REFERENCE}`))).then(all =>
    all.map(each => each.stdout.trim()),
  );

describe("an archive of 50 MB on eight hosts", () => {
  test("leaves the operator once; no host sends more than log2 of 8 copies; all have the same image; nothing stays behind", async () => {
    const operator = await Operator.start(cleanup, "spread-a");
    const before = await Promise.all(hosts.map(host => host.traffic()));
    const all = made(await everywhere(operator));
    const after = await Promise.all(hosts.map(host => host.traffic()));

    const ids = await idsOnHosts();
    expect(new Set(ids).size).toBe(1);
    expect(new Set(all.map(each => each.outputs.imageId))).toEqual(new Set(ids));

    const size = statSync(archive).size;
    const sent = after.map((now, index) => now.sent - (before[index]?.sent ?? 0));
    const received = after.map((now, index) => now.received - (before[index]?.received ?? 0));
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    // Headers and acknowledgements of TCP and ssh are some percent.
    expect(Math.max(...sent)).toBeLessThan(3.3 * size);
    expect(sum(sent)).toBeGreaterThan(7 * size);
    expect(sum(received) - sum(sent)).toBeGreaterThan(0.9 * size);
    expect(sum(received) - sum(sent)).toBeLessThan(1.3 * size);

    for (const host of hosts) {
      expect(await host.ask(`find ${FOLDER} -type f 2>/dev/null | wc -l`)).toBe("0");
      expect(await host.ask("find /run/muster -name 'peer.*' 2>/dev/null | wc -l")).toBe("0");
      expect(await host.ask("pgrep -fc 'sshd.*/run/muster' || true")).toBe("0");
    }
    await Promise.all(all.map(each => operator.remove(each)));
    expect(new Set(await idsOnHosts())).toEqual(new Set([""]));
  });

  test("a second time nothing is sent or changed, and another host shows no difference on the first ones", async () => {
    const operator = await Operator.start(cleanup, "spread-a");
    const all = made(await everywhere(operator, { peers: peers.slice(0, 7) }));
    const changes = operator.changes().length;
    const again = made(await everywhere(operator));
    expect(operator.changes()).toHaveLength(changes);
    for (const [index, each] of all.entries()) {
      const read = await operator.client.read("muster:index:Image", each.id, each.outputs, each.inputs);
      const diff = await operator.client.diff(
        "muster:index:Image",
        read.outputs,
        each.inputs,
        again[index]?.inputs ?? {},
      );
      expect(diff.detailed).toEqual({});
    }
  });

  test("one host is out of reach: all others get it, and that one is named", async () => {
    const [, , , , dead] = hosts;
    if (!dead) throw new Error("no fifth host");
    await dead.freeze();
    cleanup.add(() => dead.thaw());
    const operator = await Operator.start(cleanup, "spread-a");
    const results = await everywhere(operator);
    await dead.thaw();
    expect(results.map(result => result.status)).toEqual(
      table.map(({ name }) => (name === dead.name ? "rejected" : "fulfilled")),
    );
    const [failure] = results.filter(result => result.status === "rejected");
    expect(String(failure?.reason)).toMatch(/node-5/);
    expect((await idsOnHosts()).filter(id => id !== "")).toHaveLength(7);
  });
});
