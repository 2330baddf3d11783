import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { describeAccess } from "../../remote/access";
import type { HostConnection } from "../../remote/host-table";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { RemoteError } from "../../remote/remote-error";
import { SshHosts } from "../../remote/ssh-hosts";
import { Cleanup } from "../support/cleanup";
import { Sshd } from "./sshd";

const USER = "muster-test-user";
const PASSWORD = "pa'ss w\u00f6rd $1";
const SUDOERS = "/etc/sudoers.d/muster-test";

let sshd: Sshd;
let pool: ConnectionPool;

// These make a user and a sudoers file on this machine, so they want root and sudo.
const able = process.getuid?.() === 0 && tryRun("sudo", "-V") && tryRun("useradd", "--help");
const subject = "a user who is not root";
const cleanup = new Cleanup();

function tryRun(...[program = "", ...argv]: string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function sudoers(rule: string): void {
  writeFileSync(SUDOERS, `${rule}\n`, { mode: 0o440 });
}

function runner(changes: Partial<HostConnection> = {}) {
  const host = sshd.host({ user: USER, ...changes });
  return new SshHosts({ table: [host], pool, redactor: new Redactor() }).runner(host.name);
}

(able ? describe : describe.skip)(able ? subject : `${subject} (needs root, sudo and useradd)`, () => {
  beforeAll(async () => {
    tryRun("userdel", "-f", USER);
    execFileSync("useradd", ["--no-create-home", "--shell", "/bin/bash", USER]);
    cleanup.add(() => execFileSync("userdel", ["-f", USER], { stdio: "ignore" }));
    cleanup.add(() => rmSync(SUDOERS, { force: true }));
    execFileSync("chpasswd", { input: `${USER}:${PASSWORD}\n` });
    sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    chmodSync(sshd.folder, 0o755);
  });
  afterAll(cleanup.run);
  beforeEach(() => {
    pool = new ConnectionPool();
  });
  afterEach(() => pool.close());

  test("with sudo that asks nothing becomes root; found with one question", async () => {
    sudoers(`${USER} ALL=(ALL) NOPASSWD: ALL`);
    const host = runner();
    expect(describeAccess(await host.access())).toBe(`${USER}, sudo without a password`);
    expect((await host.mutate("ask", "id -u; cat", { stdin: "payload" })).stdout).toBe("0\npayload");
    expect((await host.query("id -u")).stdout).toBe("0\n");
    expect(sshd.count(/Starting session: command/)).toBe(3);
  });

  test("with sudo and a password becomes root; the password never stands on a command line", async () => {
    sudoers(`${USER} ALL=(ALL) ALL`);
    const host = runner({ sudoPassword: PASSWORD });
    expect((await host.access()).mode).toBe("password");
    const result = await host.mutate("ask", "id -u; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; cat", {
      stdin: "payload",
    });
    expect(result.stdout.startsWith("0\n")).toBe(true);
    expect(result.stdout.endsWith("payload")).toBe(true);
    expect(result.stdout).not.toContain(PASSWORD);
    expect((await host.query("id -u")).stdout).toBe("0\n");
  });

  test("a declared password that sudo does not want is never run", async () => {
    sudoers(`${USER} ALL=(ALL) NOPASSWD: ALL`);
    const host = runner({ sudo: "password", sudoPassword: "echo oops" });
    expect((await host.mutate("ask", "id -u")).stdout).toBe("0\n");
  });

  test("a wrong password is one try, a clear error, and not repeated", async () => {
    sudoers(`${USER} ALL=(ALL) ALL`);
    const error = await runner({ sudo: "password", sudoPassword: "wrong-guess" })
      .mutate("ask", "id -u")
      .catch(reason => reason);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain("the password is wrong");
    expect(error.message).toContain("Remedy: check sudo and sudoPassword");
    expect(error.message).not.toContain("wrong-guess");
  });

  test("without any way to root: a change is refused with the remedy, a query is asked as that user", async () => {
    sudoers("# nobody");
    const host = runner();
    expect((await host.query("id -un")).stdout).toBe(`${USER}\n`);
    const error = await host.mutate("ask", "true").catch(reason => reason);
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain("declare the secret sudoPassword of node-1");
  });

  test("without any way to root: what the host denies names that, not only the file", async () => {
    sudoers("# nobody");
    const error = await runner()
      .query(`cat ${SUDOERS}`)
      .catch(reason => reason);
    expect(error.kind).toBe("sudo");
    expect(error.message).toContain(`${SUDOERS}: Permission denied`);
    expect(error.message).toContain("declare the secret sudoPassword of node-1");
  });

  test("the limit ends what sudo started", async () => {
    sudoers(`Defaults use_pty\n${USER} ALL=(ALL) NOPASSWD: ALL`);
    let pid = 0;
    const error = await runner()
      .mutate("hang", "echo $$; sleep 1000; true", { timeoutSeconds: 0.5, onOutput: text => (pid = Number(text)) })
      .catch(reason => reason);
    expect(error.kind).toBe("timeout");
    expect(error.message).not.toContain("may still run");
    expect(pid).toBeGreaterThan(1);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  const shells = ["/usr/bin/fish", "/bin/csh", "/bin/tcsh", "/usr/bin/zsh", "/bin/bash"].filter(shell =>
    existsSync(shell),
  );
  test.each(shells)("login shell %s", async shell => {
    execFileSync("usermod", ["--shell", shell, USER]);
    const host = runner({ sudo: "none" });
    const script = `x='a "b" \\ !!'; echo "$x"; cat`;
    expect((await host.mutate("ask", script, { stdin: "payload" })).stdout).toBe('a "b" \\ !!\npayload');
    expect((await host.query(script)).stdout).toBe('a "b" \\ !!\n');
    const hanging = host.mutate("hang", "sleep 1000; true", { timeoutSeconds: 0.3 });
    await expect(hanging).rejects.toThrow("within 0.3 s and was stopped.");
  });

  describe("a declared password", () => {
    const asked = [
      ["password", ["PasswordAuthentication yes"]],
      ["keyboard-interactive", ["KbdInteractiveAuthentication yes", "UsePAM yes"]],
      ["password after a key", ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"]],
    ] as const;

    test.each(asked)("logs in by %s", async (_way, settings) => {
      const server = await Sshd.start(settings);
      try {
        chmodSync(server.folder, 0o755);
        const identityFile = `${server.folder}/${settings.length === 2 && settings[0].startsWith("Pass") ? "client_key" : "none"}`;
        const host = server.host({ user: USER, identityFile, password: PASSWORD, sudo: "none" });
        const hosts = new SshHosts({ table: [host], pool, redactor: new Redactor() });
        expect((await hosts.probe("node-1").query("id -un")).stdout).toBe(`${USER}\n`);
        const wrong = new SshHosts({
          table: [{ ...host, name: "wrong", password: "wrong-guess" }],
          pool: new ConnectionPool(),
          redactor: new Redactor(),
        });
        const error = await wrong
          .probe("wrong")
          .query("true")
          .catch(reason => reason);
        expect(error.kind).toBe("authentication");
        expect(error.message).toContain("the declared password");
        expect(error.message).not.toContain("wrong-guess");
      } finally {
        await server.stop();
      }
    });

    test("is not offered to a server that takes none", async () => {
      const error = await runner({ identityFile: "/nowhere", password: PASSWORD })
        .query("true")
        .catch(reason => reason);
      expect(error.message).toContain("the server takes publickey");
      expect(error.message).not.toContain("the declared password");
    });
  });

  test("a login shell that ends at once is named", async () => {
    execFileSync("usermod", ["--shell", "/bin/false", USER]);
    await expect(runner({ sudo: "none" }).query("true")).rejects.toThrow("started no /bin/sh");
  });
});
