import { execFileSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { packages } from "../../provider/packages";
import { startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { HostConnection } from "../../remote/host-table";
import { Secret, type ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";

const HOST = "muster:index:Host";
const USER = "muster-test-access";
const PASSWORD = "marked-sudo-password";
const SUDOERS = "/etc/sudoers.d/muster-test-access";

// These make a user and a sudoers file on this machine, so they want root and sudo.
const able = process.getuid?.() === 0 && tryRun("sudo", "-V") && tryRun("useradd", "--help");
const subject = "the way to root, over gRPC";
const cleanup = new Cleanup();

function tryRun(...[program = "", ...argv]: string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

(able ? describe : describe.skip)(able ? subject : `${subject} (needs root, sudo and useradd)`, () => {
  let sshd: Sshd;

  beforeAll(async () => {
    tryRun("userdel", "-f", USER);
    if (!tryRun("getent", "group", "docker")) {
      execFileSync("groupadd", ["docker"]);
      cleanup.add(() => tryRun("groupdel", "docker"));
    }
    execFileSync("useradd", ["--no-create-home", USER]);
    cleanup.add(() => execFileSync("userdel", ["-f", USER], { stdio: "ignore" }));
    cleanup.add(() => rmSync(SUDOERS, { force: true }));
    execFileSync("chpasswd", { input: `${USER}:${PASSWORD}\n` });
    sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    chmodSync(sshd.folder, 0o755);
  });
  afterAll(cleanup.run);

  const withSudo = { sudoPassword: new Secret(PASSWORD) };
  const cases: [string, string, string, Record<string, unknown>, string, string][] = [
    ["sudo without a password", `${USER} ALL=(ALL) NOPASSWD: ALL`, "", {}, "passwordless", ", sudo without a password"],
    ["sudo with a password", `${USER} ALL=(ALL) ALL`, "", withSudo, "password", ", sudo with a password"],
    ["the docker group", "# nobody", "docker", {}, "docker", ", no sudo, docker group"],
    ["neither", "# nobody", "", {}, "none", ", no sudo"],
    ["root itself", "# nobody", "", { user: "root" }, "root", ""],
  ];

  test.each(cases)("%s is an output already in preview", async (_way, sudoers, groups, changes, access, text) => {
    writeFileSync(SUDOERS, `${sudoers}\n`, { mode: 0o440 });
    execFileSync("usermod", ["-G", groups, USER]);
    // Of its own: a connection keeps the groups that the user had at the login.
    const server = await startProviderServer({ packages, services: newServices() });
    const client = new ProviderClient(await server.address("muster"));
    try {
      const host = { ...sshd.host({ user: USER } as Partial<HostConnection>), ...changes } as unknown as ValueMap;
      await client.configure({ cluster: "demo", hosts: [host] });
      const { inputs } = await client.check(HOST, { host: "node-1", peers: [] });
      const { outputs } = await client.create(HOST, inputs, { preview: true });
      expect(outputs).toMatchObject({ access, login: `${String(host.user)}${text}` });
      expect(JSON.stringify(outputs)).not.toContain(PASSWORD);
      const made = await client.create(HOST, inputs);
      expect(made.outputs).toEqual(outputs);
    } finally {
      client.close();
      await server.stop();
    }
  });
});
