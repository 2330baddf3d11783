import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { SshHosts } from "../../remote/ssh-hosts";
import { Sshd } from "./sshd";

test("a server with two sessions serves twenty commands at once", async () => {
  const sshd = await Sshd.start(["MaxSessions 2"]);
  const pool = new ConnectionPool();
  try {
    const runner = new SshHosts({ table: [sshd.host()], pool, redactor: new Redactor() }).runner("node-1");
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => runner.mutate("count", `echo ${index}`)),
    );
    expect(results.map(result => result.stdout)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}\n`));
    expect(sshd.count(/no more sessions/)).toBeGreaterThan(0);
    expect(sshd.handshakes).toBe(1);
  } finally {
    await pool.close();
    await sshd.stop();
  }
});

test("a command is ended also where no second session is to be had", async () => {
  const sshd = await Sshd.start(["MaxSessions 1"]);
  const pool = new ConnectionPool();
  try {
    const runner = new SshHosts({ table: [sshd.host()], pool, redactor: new Redactor() }).runner("node-1");
    const hanging = runner.mutate("hang", "sleep 1000", { timeoutSeconds: 0.3 });
    await expect(hanging).rejects.toThrow("did not end within 0.3 s");
    expect((await runner.query("echo free")).stdout).toBe("free\n");
  } finally {
    await pool.close();
    await sshd.stop();
  }
});

test("many processes' worth of pools get through a narrow MaxStartups", async () => {
  const sshd = await Sshd.start(["MaxStartups 2:50:4"]);
  const pools = Array.from({ length: 12 }, () => new ConnectionPool());
  try {
    const answers = await Promise.all(
      pools.map(pool =>
        new SshHosts({ table: [sshd.host({ connectTimeoutSeconds: 40 })], pool, redactor: new Redactor() })
          .probe("node-1")
          .query("echo in"),
      ),
    );
    expect(answers.map(answer => answer.stdout)).toEqual(pools.map(() => "in\n"));
    expect(sshd.count(/drop connection|beginning MaxStartups/)).toBeGreaterThan(0);
  } finally {
    await Promise.all(pools.map(pool => pool.close()));
    await sshd.stop();
  }
});
