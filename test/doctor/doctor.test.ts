import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { Clinic, type Report } from "./clinic";
import type { Batch, Row } from "./row";
import { hosts, nodes } from "./site";
import { batches } from "./table";

const clinic = new Clinic();

/** Where Debian's package faketime has its library. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

const on = (node: string, script: string) => hosts.host(node).ask(`{ ${script}\n} 2>&1`);
const all = (script: string) => Promise.all(nodes.map(node => on(node, script)));
const told = ({ findings }: Report) => findings.map(({ code, host }) => `${code} ${host ?? "all"}`).sort();
const expected = ({ code, host, on: planted }: Row) => `${code} ${host ?? planted}`;

beforeAll(async () => {
  for (const node of nodes) {
    const place = `${hosts.containerOf(node)}:/usr/local/lib/simulated-faketime.so`;
    execFileSync("docker", ["-H", hosts.dockerHost, "cp", fs.realpathSync(FAKETIME), place], { stdio: "ignore" });
  }
  await clinic.open();
}, 300_000);

afterAll(() => clinic.close(), 120_000);

test("a healthy cluster has no finding, but the clamped memlock that its file accepts by name", async () => {
  const report = await clinic.ask("fit");
  expect(report).toMatchObject({ code: 0, ok: true, hosts: 4, answered: 4, findings: [], tried: { tcp: 12, ssh: 12 } });
  expect(report.accepted.map(({ code, host }) => `${code} ${host}`)).toEqual(
    nodes.map(node => `memlock-limited ${node}`),
  );
  expect(report.stderr).toMatch(/^asked: node-\d \(4 of 4\)$/m);
});

test("hosts without containers are tried on the ports to come, and nothing is changed on them", async () => {
  const before = await Promise.all(nodes.map(node => hosts.host(node).fingerprint()));
  expect(await clinic.ask("bare")).toMatchObject({ code: 0, findings: [], accepted: [], tried: { tcp: 12, ssh: 0 } });
  expect(await Promise.all(nodes.map(node => hosts.host(node).fingerprint()))).toEqual(before);
  // Its listeners ended with it.
  expect(await all("ss -Hlnt 'sport = :2444 or sport = :29500'")).toEqual(nodes.map(() => ""));
});

describe.each(batches)("$name", (batch: Batch) => {
  let sick: Report;
  let healed: Report;

  beforeAll(async () => {
    if (batch.ground) await all(batch.ground.lay);
    try {
      await Promise.all(batch.rows.map(row => on(row.on, row.plant)));
      sick = await clinic.ask(batch.file ?? "fit", batch.through);
    } finally {
      await Promise.all(batch.rows.map(row => on(row.on, row.lift)));
    }
    healed = await clinic.ask(batch.file ?? "fit");
    if (batch.ground) await all(batch.ground.clear);
  });

  test.each(batch.rows)("$fault: $code", row => {
    const host = row.host === "all" ? undefined : (row.host ?? row.on);
    const found = sick.findings.filter(finding => finding.code === row.code && finding.host === host);
    expect(found.map(({ fact }) => fact)).toEqual([expect.stringMatching(row.says)]);
    expect(found[0]).toMatchObject({ why: expect.stringMatching(/./), remedy: expect.stringMatching(/./) });
  });

  test("nothing else is found, and all is gone after the remedies", () => {
    expect(told(sick)).toEqual(batch.rows.map(expected).sort());
    expect(sick.code).toBe(sick.findings.some(({ severity }) => severity === "error") ? 2 : 1);
    expect([told(healed), healed.code]).toEqual([[], 0]);
  });
});
