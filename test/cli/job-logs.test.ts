import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobLogs, type LogsRequest } from "../../cli/job-logs";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { SshHosts } from "../../remote/ssh-hosts";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import { Gang } from "../support/gang";
import { TcpRelay } from "../support/tcp-relay";

const root = process.getuid?.() === 0;
const MEBIBYTE = 1024 * 1024;

(root ? describe : describe.skip)(root ? "muster logs" : "muster logs (the supervisor needs root)", () => {
  const cleanup = new Cleanup();
  let sshd: Sshd;
  let relay: TcpRelay;
  let jobs: string;
  let hosts: SshHosts;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.stop());
  beforeEach(async () => {
    jobs = mkdtempSync(join(tmpdir(), "muster-jobs-"));
    cleanup.add(() => rmSync(jobs, { recursive: true, force: true }));
    relay = await TcpRelay.to("127.0.0.1", sshd.port);
    cleanup.add(() => relay.close());
    const pool = new ConnectionPool();
    cleanup.add(() => pool.close());
    const table = [sshd.host({ port: relay.port }), sshd.host({ name: "node-2", port: 1, connectTimeoutSeconds: 1 })];
    hosts = new SshHosts({ table, pool, redactor: new Redactor() });
  });
  afterEach(cleanup.run);

  /** Reads logs; `onBytes` is told how many there are so far. */
  function read(job: string, request: Partial<LogsRequest>, onBytes: (total: number) => void = () => {}) {
    const parts: Buffer[] = [];
    const notices: string[] = [];
    let total = 0;
    const output = {
      write: async (bytes: Buffer) => {
        parts.push(bytes);
        total += bytes.length;
        onBytes(total);
      },
      notice: (text: string) => void notices.push(text),
    };
    const places = { folder: jobs, hosts: ["node-1", "node-2"] };
    const code = new JobLogs(hosts, places, { job, follow: false, ...request }, output).show();
    return { code, notices, bytes: () => Buffer.concat(parts) };
  }

  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

  test("follows 50 MB over three rotations and five cut connections: every byte once, and the job's exit code", async () => {
    const source = join(jobs, "source");
    const go = (step: number) => join(jobs, `go-${step}`);
    // Written in five steps of 10 MiB; the reader allows the next one, so that no rotation outruns it.
    const step = `head -c ${10 * MEBIBYTE} /dev/urandom | base64 -w 96 | head -c ${10 * MEBIBYTE} >${source}.part; cat ${source}.part; cat ${source}.part >>${source}`;
    const wait = `while [ ! -e ${jobs}/go-$i ]; do sleep 0.1; done`;
    const gang = new Gang(cleanup, [`for i in 1 2 3 4 5; do ${wait}; ${step}; done; exit 3`], "completed", jobs);
    gang.start("abc", program => program.replace("LOG_LIMIT=33554432", `LOG_LIMIT=${16 * MEBIBYTE}`));
    await gang.started(0);
    writeFileSync(go(1), "");
    let cuts = 0;
    const log = read(gang.name, { follow: true }, total => {
      const done = Math.floor(total / (10 * MEBIBYTE));
      if (done >= 1 && done < 5 && !existsSync(go(done + 1))) writeFileSync(go(done + 1), "");
      // In the middle of a step, while the answer is under way.
      if (total > (cuts * 10 + 4) * MEBIBYTE && cuts < 5) {
        cuts++;
        relay.harmOpen("drop");
      }
    });

    expect(await log.code).toBe(3);
    expect(cuts).toBe(5);
    expect(relay.accepted).toBeGreaterThanOrEqual(6);
    expect(log.bytes().length).toBe(50 * MEBIBYTE);
    expect(sha256(log.bytes())).toBe(sha256(readFileSync(source)));
    expect(Number(gang.text("rank-0.rotated"))).toBeGreaterThanOrEqual(3 * 16 * MEBIBYTE - MEBIBYTE);
    expect(log.notices.filter(text => /connection was lost/.test(text))).toHaveLength(5);
    expect(log.notices.at(-1)).toBe(`job ${gang.name} failed: rank 0 (here) ended with exit code 3`);
  }, 120_000);

  test("shows the last lines of each rank, also across a rotation, and ends", async () => {
    const lines = (word: string) => `for i in $(seq 200); do echo ${word}-$i; done`;
    const gang = new Gang(cleanup, [lines("a"), lines("b")], "completed", jobs);
    // A rotation at each write: the last lines are in both files.
    gang.start("abc", program => program.replace("LOG_LIMIT=33554432", "LOG_LIMIT=1").replace("count=256", "count=1"));
    await gang.done();
    const log = read(gang.name, { lines: 2 });
    expect(await log.code).toBe(0);
    const said = log.bytes().toString().trim().split("\n").sort();
    expect(said).toEqual(["a-199", "a-200", "b-199", "b-200"].map((text, i) => `rank ${i < 2 ? 0 : 1} here | ${text}`));
    expect((await show(gang.name, { lines: 1, ranks: [1] })).trim()).toBe("b-200");
  });

  test("--since begins at what was written by then", async () => {
    const gang = new Gang(cleanup, ["echo early; echo late; sleep 600"], "completed", jobs);
    gang.start("abc", program => program.replace("TURN % 80", "TURN % 4"));
    await until("the log is written", async () => gang.text("rank-0.log") === "early\nlate\n" || undefined);
    const now = Math.floor(Date.now() / 1000);
    await until("it is dated", async () => /^\d+ 11$/m.test(gang.text("rank-0.times")) || undefined);
    writeFileSync(join(gang.folder, "rank-0.times"), `${now - 500} 6\n${now - 60} 11\n`);
    expect(await show(gang.name, { since: { epochSeconds: now - 1000 } })).toBe("early\nlate\n");
    expect(await show(gang.name, { since: { epochSeconds: now - 100 } })).toBe("late\n");
    expect(await show(gang.name, { since: { epochSeconds: now } })).toBe("");
    expect(await show(gang.name, { since: { epochSeconds: now - 100 }, lines: 40 })).toBe("late\n");
  });

  test("a rotation that was cut short by the end of the host loses and repeats nothing", async () => {
    const gang = new Gang(cleanup, ["echo one; echo two"], "completed", jobs).start();
    await gang.done();
    const at = (file: string) => join(gang.folder, file);
    writeFileSync(at("rank-0.rotated.new"), "8\n");
    expect(await show(gang.name, {})).toBe("one\ntwo\n");
    renameSync(at("rank-0.log"), at("rank-0.log.1"));
    expect(await show(gang.name, {})).toBe("one\ntwo\n");
    renameSync(at("rank-0.rotated.new"), at("rank-0.rotated"));
    expect(await show(gang.name, {})).toBe("one\ntwo\n");
    appendFileSync(at("rank-0.log"), "three\n");
    expect(await show(gang.name, { lines: 2 })).toBe("two\nthree\n");
    expect(await show(gang.name, { lines: 0 })).toBe("");
  });

  test("bytes that were rotated away while nobody could read are counted, not passed over", async () => {
    const gang = new Gang(cleanup, ["echo first; exec sleep 600"], "completed", jobs).start();
    await until("the log is written", async () => gang.text("rank-0.log") === "first\n" || undefined);
    const log = read(gang.name, { follow: true });
    await until("it was read", async () => log.bytes().length > 0 || undefined);
    writeFileSync(join(gang.folder, "rank-0.log.1"), "later\n");
    writeFileSync(join(gang.folder, "rank-0.rotated"), "112\n");
    writeFileSync(join(gang.folder, "rank-0.log"), "newest\n");
    await until("the rest was read", async () => log.bytes().includes("newest") || undefined);
    expect(log.bytes().toString()).toBe("first\nlater\nnewest\n");
    expect(log.notices).toEqual([
      "rank 0: 100 bytes before this are gone: the log was rotated twice before they could be read",
    ]);
    writeFileSync(join(gang.folder, "stop"), "");
    expect(await log.code).toBe(143);
  });

  test("goes on into the next run of the job, and says so", async () => {
    const gang = new Gang(cleanup, ["echo here; exec sleep 600"], "completed", jobs).start("abc");
    await until("the log is written", async () => gang.text("rank-0.log") === "here\n" || undefined);
    const log = read(gang.name, { follow: true });
    await until("it was read", async () => log.bytes().length > 0 || undefined);
    gang.start("def");
    await until("the next run is read", async () => log.bytes().length > 5 || undefined);
    writeFileSync(join(gang.folder, "stop"), "");
    expect(await log.code).toBe(143);
    expect(log.notices).toContain(`job ${gang.name} was started anew: run def after abc`);
    expect(log.bytes().toString()).toMatch(/^here\nhere\n/);
  });

  test("a job that nobody has is an error that names those there are, and the hosts that could not be asked", async () => {
    const gang = new Gang(cleanup, ["exit 0"], "completed", jobs).start();
    await gang.done();
    mkdirSync(join(jobs, "leftover"));
    await expect(read("other", {}).code).rejects.toMatchObject({
      problems: [
        { summary: "no host has a job other", remedy: `name one of ${gang.name}` },
        { where: "host node-2 (127.0.0.1:1)" },
      ],
    });
    await expect(read(gang.name, { ranks: [0, 3] }).code).rejects.toThrow(/has no rank 3/);
  });

  async function show(job: string, request: Partial<LogsRequest>): Promise<string> {
    const log = read(job, request);
    expect(await log.code).toBe(0);
    return log.bytes().toString();
  }
});
