import { rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ValueMap } from "../../wire/values";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { IMAGE, Operator } from "./provider";
import { hostTable, OutsideView, randomImage } from "./site";

const REFERENCE = "muster-spread/resume:1";
const FOLDER = "/var/lib/muster/spread-b/images";
const table = hostTable().slice(0, 2);
const [source, target] = table.map(host => new OutsideView(host.name)) as [OutsideView, OutsideView];
const peers = table.map(({ name, address }) => ({ host: name, address }));
const archive = path.join(tmpdir(), `muster-resume-${process.pid}.tar`);
const cleanup = new Cleanup();
const afterAllTests = new Cleanup();
let size = 0;

/** A part on the target that is past the first tenth of the whole. */
const PART_BYTES = `stat -c %s ${FOLDER}/*.part-* 2>/dev/null || echo 0`;

beforeAll(async () => {
  await randomImage(source, REFERENCE, 50_000_000, archive);
  size = statSync(archive).size;
  afterAllTests.add(() => rmSync(archive));
});
beforeEach(async () => {
  const operator = await Operator.start(cleanup, "spread-b");
  await operator.make(declared(source.name));
});
afterEach(async () => {
  await cleanup.run();
  for (const host of [source, target])
    await host.ask(`docker image rm -f ${REFERENCE} >/dev/null 2>&1; rm -rf /var/lib/muster/spread-b`);
});
afterAll(afterAllTests.run);

const declared = (host: string): ValueMap => ({
  host,
  reference: REFERENCE,
  source: { archive: { path: archive } },
  peers,
  spread: true,
});

/** Makes what the source sends slow, so that there is time to cut it. */
async function slow(): Promise<void> {
  await source.ask("tc qdisc add dev eth0 root tbf rate 100mbit burst 256k latency 100ms");
  cleanup.add(() => source.sh("tc qdisc del dev eth0 root"));
}

async function sentBy(host: OutsideView, work: () => Promise<unknown>): Promise<number> {
  const before = await host.traffic();
  await work();
  return (await host.traffic()).sent - before.sent;
}

const partPast = (share: number) =>
  until("a part has arrived", async () => {
    const bytes = Number(await target.ask(PART_BYTES));
    return bytes > share * size ? bytes : undefined;
  });

const SENDERS = "pgrep -f 'tail -c .*/images/'";
const LISTENER = "pgrep -f 'sshd.* -D -f /run/muster/peer'";

describe("a transfer from host to host", () => {
  test.each([
    ["the sending process", SENDERS],
    ["the sending sshd", `ps -o ppid= -p $(${SENDERS})`],
    ["all of the sending server", `ps -o ppid= -p $(${SENDERS}); ${LISTENER}`],
  ])("in which %s is killed goes on by itself and sends only the rest", async (_what, pids) => {
    await slow();
    const operator = await Operator.start(cleanup, "spread-b");
    const sent = await sentBy(source, async () => {
      const making = operator.make(declared(target.name));
      await partPast(0.3);
      await source.ask(`kill -9 $(${pids})`);
      await making;
    });
    expect(sent).toBeLessThan(1.15 * size);
    expect(await target.ask(`docker image inspect -f '{{.Id}}' ${REFERENCE}`)).toMatch(/^sha256:/);
    // Twice: the connection that was cut and the one that sent the rest.
    expect(operator.changes().filter(line => /: fetch /.test(line))).toHaveLength(2);
  });

  test("that is cancelled is continued by the next run, which sends only the rest; then nothing of it stays", async () => {
    await slow();
    const first = await Operator.start(cleanup, "spread-b");
    const making = first.make(declared(target.name)).catch(error => error);
    await partPast(0.5);
    await first.client.cancel();
    expect(String(await making)).toMatch(/cancelled/);
    const there = Number(await target.ask(PART_BYTES));
    expect(there).toBeGreaterThan(0.4 * size);
    expect(await source.ask("ls -d /run/muster/peer.* 2>/dev/null | wc -l")).toBe("0");

    const next = await Operator.start(cleanup, "spread-b");
    const sent = await sentBy(source, () => next.make(declared(target.name)));
    expect(sent).toBeLessThan(1.1 * (size - there) + 1_000_000);
    for (const host of [source, target]) expect(await host.ask(`ls ${FOLDER} 2>/dev/null | wc -l`)).toBe("0");
  });

  test("whose part was damaged meanwhile is found out by the checksum, and the whole is sent again", async () => {
    await slow();
    const first = await Operator.start(cleanup, "spread-b");
    const making = first.make(declared(target.name)).catch(error => error);
    await partPast(0.5);
    await first.client.cancel();
    await making;
    await target.ask(`printf damaged | dd of=$(echo ${FOLDER}/*.part-*) bs=1 seek=1000000 conv=notrunc 2>/dev/null`);

    const next = await Operator.start(cleanup, "spread-b");
    const sent = await sentBy(source, () => next.make(declared(target.name)));
    expect(sent).toBeGreaterThan(1.3 * size);
    const [a, b] = await Promise.all(
      [source, target].map(host => host.ask(`docker image inspect -f '{{.Id}}' ${REFERENCE}`)),
    );
    expect(b).toBe(a);
  });

  test("goes through the operator where the hosts cannot talk to each other", async () => {
    await target.ask("mv /usr/bin/ssh /usr/bin/ssh.away");
    cleanup.add(() => target.ask("mv /usr/bin/ssh.away /usr/bin/ssh"));
    const operator = await Operator.start(cleanup, "spread-b");
    await operator.make(declared(target.name));
    expect(operator.changes().filter(line => /receive .* from node-1/.test(line))).toHaveLength(1);
    expect(await target.ask(`docker image inspect -f '{{.Id}}' ${REFERENCE}`)).toMatch(/^sha256:/);
  });

  test("is refused before anything is sent where the disk is too small, and the error says how much is missing where", async () => {
    await target.ask(
      "mkdir -p /var/lib/muster/spread-b/images && mount -t tmpfs -o size=20m tmpfs /var/lib/muster/spread-b/images",
    );
    cleanup.add(() => target.ask("umount /var/lib/muster/spread-b/images"));
    const operator = await Operator.start(cleanup, "spread-b");
    const sent = await sentBy(source, async () => {
      const failure = await operator.make(declared(target.name)).catch(error => error);
      expect(String(failure)).toMatch(
        /not enough disk space[\s\S]*\d+ MB are missing in \/var\/lib\/muster\/spread-b\/images/,
      );
    });
    expect(sent).toBeLessThan(0.1 * size);
  });

  test("an operator that is gone leaves no server behind", async () => {
    await slow();
    const operator = await Operator.start(cleanup, "spread-b");
    const making = operator.make(declared(target.name)).catch(error => error);
    await partPast(0.2);
    // The connections of the operator end without a word, as when its machine is gone.
    await source.ask("pkill -9 -f 'sshd-session: root@notty|sshd: root@notty'");
    await until("the server is gone", async () =>
      (await source.ask(`ls -d /run/muster/peer.* 2>/dev/null | wc -l; ${LISTENER} | wc -l`)) === "0\n0"
        ? true
        : undefined,
    );
    await making;
  });
});

test("what a killed run has left goes with the image", async () => {
  const operator = await Operator.start(cleanup, "spread-b");
  const made = await operator.make(declared(target.name));
  await target.ask(`mkdir -p ${FOLDER} && cd ${FOLDER} && touch x.tar.part-0123 y.whole.tar y.whole.tar.saving`);
  await operator.client.delete(IMAGE, made.id, made.outputs, made.inputs);
  expect(await target.ask("find /var/lib/muster/spread-b 2>/dev/null | wc -l")).toBe("0");
});
