import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { AuditLog } from "../../remote/audit";
import type { HostConnection } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { SshHosts } from "../../remote/ssh-hosts";
import { alive } from "../support/alive";
import { failure } from "../support/remote-failure";
import { Sshd } from "./sshd";

let sshd: Sshd;
let pool: ConnectionPool;

beforeEach(async () => {
  sshd = await Sshd.start();
  pool = new ConnectionPool();
});

afterEach(async () => {
  await pool.close();
  await sshd.stop();
});

function hosts(...table: HostConnection[]) {
  return new SshHosts({ table, pool, redactor: new Redactor() });
}

test("50 changes at once cost one handshake", async () => {
  const runner = hosts(sshd.host()).runner("node-1");
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, index) => runner.mutate("say a number", `echo ${index}`)),
  );
  expect(results.map(result => result.stdout)).toEqual(Array.from({ length: 50 }, (_, index) => `${index}\n`));
  expect(sshd.handshakes).toBe(1);
  expect(sshd.execs).toBe(50);
});

test("two configurations in one process share a connection", async () => {
  await hosts(sshd.host()).runner("node-1").query("true");
  await hosts(sshd.host({ name: "other" }))
    .runner("other")
    .query("true");
  expect(sshd.handshakes).toBe(1);
});

test("a shared connection is refused to a configuration that pins another key", async () => {
  await hosts(sshd.host()).runner("node-1").query("true");
  const other = hosts(sshd.host({ name: "other", hostKeys: [] }));
  expect((await failure(other.runner("other").query("true"))).kind).toBe("hostKeyUnknown");
});

test("queries asked together travel in one exec, each with its own outputs and exit code", async () => {
  const probe = hosts(sshd.host()).probe("node-1");
  const results = await Promise.all([
    probe.query("printf 'no newline'"),
    probe.query("echo out; echo err >&2; exit 3"),
    probe.query("if then"),
    probe.query("set -e; false; echo never"),
    probe.query("cat; echo $0"),
    probe.query("kill -9 $(sh -c 'echo $PPID')"),
  ]);
  expect(results[0]).toEqual({ exitCode: 0, stdout: "no newline", stderr: "" });
  expect(results[1]).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
  expect(results[2]?.exitCode).toBe(2);
  expect(results[3]).toEqual({ exitCode: 1, stdout: "", stderr: "" });
  expect(results[4]?.stdout).toBe("/bin/sh\n");
  expect(results[5]?.exitCode).toBe(137);
  expect(sshd.execs).toBe(1);
});

test("a query that hangs ends at its own limit and the others are answered", async () => {
  const probe = hosts(sshd.host()).probe("node-1");
  const before = probe.query("echo before");
  const hanging = failure(probe.query("echo $$; sleep 1000", { timeoutSeconds: 0.5 }));
  const after = probe.query("echo after");
  expect((await before).stdout).toBe("before\n");
  expect((await hanging).kind).toBe("timeout");
  expect((await after).stdout).toBe("after\n");
});

test("a cancelled query ends on the host, and those behind it are answered", async () => {
  const probe = hosts(sshd.host()).probe("node-1");
  const file = path.join(sshd.folder, "shell-pid");
  const controller = new AbortController();
  const hanging = failure(
    probe.query(`echo $$ >${file}.part; mv ${file}.part ${file}; sleep 1000`, { signal: controller.signal }),
  );
  const after = probe.query("echo after");
  while (!existsSync(file)) await new Promise(resolve => setImmediate(resolve));
  controller.abort();
  expect((await hanging).kind).toBe("cancelled");
  expect((await after).stdout).toBe("after\n");
  expect(alive(Number(readFileSync(file, "utf8")))).toBe(false);
});

test("what is asked while the host answers travels together afterwards", async () => {
  const probe = hosts(sshd.host()).probe("node-1");
  const file = path.join(sshd.folder, "go");
  const first = probe.query(`touch ${file}; sleep 0.05`);
  while (!existsSync(file)) await new Promise(resolve => setImmediate(resolve));
  await Promise.all([first, ...Array.from({ length: 10 }, () => probe.query("true"))]);
  expect(sshd.execs).toBe(2);
});

test("a query that ends the whole shell fails those without an answer", async () => {
  const probe = hosts(sshd.host()).probe("node-1");
  const error = await failure(probe.query("kill -9 -$$"));
  expect(error.kind).toBe("command");
  expect(error.message).toContain("must not kill its parents");
});

test("a lost connection: a query is asked again, a change is not", async () => {
  const runner = hosts(sshd.host()).runner("node-1");
  const flag = path.join(sshd.folder, "flag");
  const changed = failure(
    runner.mutate("wait", "echo ready; exec sleep 20", { onOutput: text => text.includes("ready") && sshd.cut() }),
  );
  expect((await changed).kind).toBe("lost");
  expect((await changed).message).toContain("wait");
  const query = runner.query(`test -e ${flag} && echo again && exit; touch ${flag}; sleep 20`);
  while (!existsSync(flag)) await new Promise(resolve => setImmediate(resolve));
  sshd.cut();
  expect((await query).stdout).toBe("again\n");
});

test("the limit ends the process group on the host, also a child that ignores TERM", async () => {
  const runner = hosts(sshd.host()).runner("node-1");
  const pids: number[] = [];
  const error = await failure(
    runner.mutate("hang", `(trap '' TERM; sh -c 'echo $$; while :; do sleep 1000; done') & echo $$; wait`, {
      timeoutSeconds: 0.5,
      onOutput: text => pids.push(...text.trim().split("\n").map(Number)),
    }),
  );
  expect(error.kind).toBe("timeout");
  expect(error.message).toContain("node-1 (127.0.0.1:");
  expect(error.message).not.toContain("may still run");
  expect(pids).toHaveLength(2);
  expect(pids.filter(alive)).toEqual([]);
});

test("an abort ends the process group on the host", async () => {
  const runner = hosts(sshd.host()).runner("node-1");
  const controller = new AbortController();
  let pid = 0;
  const error = await failure(
    runner.mutate("hang", "echo $$; sleep 1000; true", {
      signal: controller.signal,
      onOutput: text => {
        pid = Number(text);
        controller.abort();
      },
    }),
  );
  expect(error.kind).toBe("cancelled");
  expect(error.message).not.toContain("may still run");
  expect(pid).toBeGreaterThan(1);
  expect(alive(pid)).toBe(false);
});

test("30 MB of binary standard input arrive unharmed", async () => {
  const payload = randomBytes(30_000_000);
  const runner = hosts(sshd.host()).runner("node-1");
  const result = await runner.mutate("hash", "sha256sum", { stdin: payload });
  expect(result.stdout.split(" ")[0]).toBe(createHash("sha256").update(payload).digest("hex"));
});

test("a script may hold quotes, newlines, backslashes and any alphabet, and stands on no command line", async () => {
  const text = `"double" 'single' \`back\` $HOME \\n !! \u00e9\u00df\u6f22\u{1f600}`;
  const script = `cat <<'END'\n${text}\nEND\ntr '\\0' ' ' </proc/$$/cmdline`;
  const runner = hosts(sshd.host()).runner("node-1");
  for (const stdin of [undefined, ""]) {
    const { stdout } = await runner.mutate("say", script, { stdin });
    expect(stdout).toBe(`${text}\n/bin/sh -c IFS= read -r s; eval "$s" `);
  }
});

test("exit codes and signals", async () => {
  const runner = hosts(sshd.host()).runner("node-1");
  expect((await runner.mutate("fail", "exit 7")).exitCode).toBe(7);
  expect((await runner.mutate("die", "kill -TERM $$")).exitCode).toBe(143);
});

test("an audit line for each change, without the secret", async () => {
  const file = path.join(sshd.folder, "state", "audit.log");
  const redactor = new Redactor();
  redactor.add("hunter22");
  const audit = new AuditLog(file, redactor, () => new Date(0));
  const runner = new SshHosts({ table: [sshd.host()], pool, redactor, audit }).runner("node-1");
  await runner.query("true");
  await runner.mutate("use hunter22", "exit 4");
  const lines = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map(line => JSON.parse(line));
  expect(lines).toEqual([
    { time: "1970-01-01T00:00:00.000Z", host: "node-1", what: "use [secret]", exit: 4, seconds: expect.any(Number) },
  ]);
});

test("an idle pool lets the process end", async () => {
  await hosts(sshd.host()).runner("node-1").query("true");
  const connection = await pool.connect({ ...sshd.host(), label: "node-1", port: sshd.port, bastion: undefined });
  const { socket } = connection as unknown as { socket: { _handle: { hasRef(): boolean } } };
  while (socket._handle.hasRef()) await new Promise(resolve => setImmediate(resolve));
});
