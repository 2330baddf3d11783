import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { preamble, SESSION_COMMAND } from "../../remote/bootstrap";
import type { HostConnection } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { SshHosts } from "../../remote/ssh-hosts";
import { alive } from "../support/alive";
import { until } from "../support/command";
import { failure } from "../support/remote-failure";
import { type Harm, type Phase, TcpRelay } from "../support/tcp-relay";
import { Sshd } from "./sshd";

let sshd: Sshd;
let relay: TcpRelay;
let pool: ConnectionPool;

beforeEach(async () => {
  sshd = await Sshd.start();
  relay = await TcpRelay.to("127.0.0.1", sshd.port);
  pool = new ConnectionPool();
});

afterEach(async () => {
  await pool.close();
  await relay.close();
  await sshd.stop();
});

function runner(changes: Partial<HostConnection> = {}) {
  const table = [sshd.host({ port: relay.port, keepaliveSeconds: 0.2, connectTimeoutSeconds: 2, ...changes })];
  return new SshHosts({ table, pool, redactor: new Redactor() }).runner("node-1");
}

/** A change that is at work: its error to come, and the ids of its processes. */
async function changeAtWork(node: ReturnType<typeof runner>) {
  const file = path.join(sshd.folder, "pids");
  const ended = failure(node.mutate("work", `sleep 1000 & echo $$ $! >${file}.new; mv ${file}.new ${file}; wait`));
  await until("the change is at work", async () => (existsSync(file) ? true : undefined));
  const pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
  expect(pids.map(alive)).toEqual([true, true]);
  return { ended, pids };
}

const gone = (pids: readonly number[]) =>
  until("its processes are gone", async () => (pids.some(alive) ? undefined : true));

describe("a link that breaks while a change is at work", () => {
  test.each<Harm>(["drop", "half-close"])("%s: the change is reported as lost, and the host ends it", async harm => {
    const { ended, pids } = await changeAtWork(runner());
    relay.harmOpen(harm);
    expect((await ended).kind).toBe("lost");
    await gone(pids);
  });

  test("stall: found by the missing signs of life; what is left is ended before the next change begins", async () => {
    const node = runner();
    const { ended, pids } = await changeAtWork(node);
    relay.harmOpen("stall");
    const error = await ended;
    expect(error.kind).toBe("lost");
    expect(error.message).toMatch(/no sign of life/);
    // The host has not noticed: the relay still holds its side open.
    expect(pids.map(alive)).toEqual([true, true]);
    const state = `grep -s '^State:' /proc/${pids[1]}/status || echo gone`;
    expect((await node.mutate("look", state)).stdout).toMatch(/^gone|Z \(zombie\)/);
  });

  test("also a question waits until what is left is ended", async () => {
    const node = runner();
    const { ended, pids } = await changeAtWork(node);
    relay.harmOpen("stall");
    await ended;
    await node.query("true");
    expect(pids.map(alive)).toEqual([false, false]);
  });
});

describe("a link that breaks during the login", () => {
  const phases: Phase[] = ["banner", "key exchange", "login"];
  const cases = phases.flatMap(phase => (["drop", "stall", "half-close"] as const).map(harm => ({ harm, phase })));

  test.each(cases)("$harm at $phase: the host is named within the time limit", async plan => {
    relay.harmNew(plan);
    const error = await failure(runner({ connectTimeoutSeconds: 1 }).query("true"));
    expect(error.message).toMatch(/^host node-1 \(127\.0\.0\.1:\d+\): /);
    expect(error.kind).toMatch(/^(unreachable|timeout)$/);
    expect(error.remedy).toBeDefined();
  });

  test.each(cases.filter(plan => plan.harm !== "stall"))(
    "$harm at $phase, twice: tried again without a word",
    async plan => {
      relay.harmNew({ ...plan, connections: 2 });
      expect((await runner().query("echo fine")).stdout).toBe("fine\n");
      expect(relay.accepted).toBe(3);
    },
  );
});

test("a change ends by itself on the host at its time limit, where nobody can tell it any more", async () => {
  const shell = spawn("/bin/sh", ["-c", SESSION_COMMAND], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const ended = new Promise(resolve => shell.once("exit", (code, signal) => resolve(signal ?? code)));
  const after = { kind: "lifeline", limitSeconds: 1 } as const;
  shell.stdin.write(preamble("sleep 1000", { nonce: "0".repeat(32), access: "root", after }).rest);
  expect(await ended).toBe("SIGTERM");
});

test.each(["lifeline", "payload"] as const)("a change that did not arrive whole does nothing (%s)", kind => {
  const file = path.join(sshd.folder, "done");
  const after = kind === "lifeline" ? ({ kind, limitSeconds: 60 } as const) : ({ kind } as const);
  const script = `echo one >>${file}\necho two >>${file}\necho three >>${file}\n`;
  const { rest } = preamble(script, { nonce: "0".repeat(32), access: "root", after });
  const scriptAt = rest.lastIndexOf("\n", rest.length - 2) + 1;
  for (let length = scriptAt - 40; length < rest.length; length += 3) {
    spawnSync("/bin/sh", ["-c", SESSION_COMMAND], { input: rest.slice(0, length) });
    expect([length, existsSync(file)]).toEqual([length, false]);
  }
});
