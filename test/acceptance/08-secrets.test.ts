import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Finished } from "../support/command";
import { edit, muster, output } from "./muster";
import { ProcessWatch } from "./process-watch";
import { SimulatedHost } from "./simulated-host";
import { checkout } from "./site";

const hosts = [new SimulatedHost("node-1"), new SimulatedHost("node-2")];

/** One text that is found again wherever it gets to, for each secret. */
const mark = (name: string): string => `${name}-${randomBytes(12).toString("hex")}`;
const marks = {
  proxyPassword: mark("proxy"),
  sudoPassword: mark("sudo"),
  keyPassphrase: mark("passphrase"),
  apiToken: mark("token"),
};
const secrets: Readonly<Record<string, string>> = {
  proxyUrl: `http://operator:${marks.proxyPassword}@10.77.0.1:7890`,
  sudoPassword: marks.sudoPassword,
  keyPassphrase: marks.keyPassphrase,
  apiToken: marks.apiToken,
};

/** The mark itself, and as base64 shows it at any place of a longer text. */
function forms(text: string): string[] {
  const shifted = [0, 1, 2].map(shift => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString("base64");
    return whole.slice(4, Math.floor(((shift + text.length) * 8) / 6) - 1);
  });
  return [text, Buffer.from(text).toString("hex"), ...shifted];
}

function found(text: string): string[] {
  return Object.entries(marks).flatMap(([name, secret]) =>
    forms(secret).some(form => text.includes(form)) ? [name] : [],
  );
}

/** Text of every file below a folder of the checkout. */
function textBelow(folder: string): string {
  const root = path.join(checkout(), folder);
  const files = fs.readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return files.map(entry => fs.readFileSync(path.join(entry.parentPath, entry.name), "latin1")).join("\n");
}

/** A user who logs in with a key that has a passphrase, and whom sudo asks for a password. */
async function makeUser(): Promise<void> {
  const key = path.join(checkout(), ".muster/sandbox/id_operator");
  const arguments_ = ["-q", "-t", "ed25519", "-N", marks.keyPassphrase, "-C", "operator", "-f", key];
  execFileSync("ssh-keygen", arguments_);
  const publicKey = fs.readFileSync(`${key}.pub`, "utf8").trim();
  for (const host of hosts) {
    await host.ask(`set -e
      useradd -m -s /bin/bash ops
      install -d -o ops -m 700 ~ops/.ssh
      echo '${publicKey}' >~ops/.ssh/authorized_keys; chown ops ~ops/.ssh/authorized_keys
      chpasswd <<'END'
ops:${marks.sudoPassword}
END
      echo 'ops ALL=(ALL:ALL) ALL' >/etc/sudoers.d/ops`);
  }
}

describe("a lifecycle with secrets of every kind", () => {
  const said: Finished[] = [];
  let processes: string;

  beforeAll(async () => {
    await makeUser();
    edit(".muster/sandbox/inventory.yaml", text =>
      text
        .replaceAll("user: root", "user: ops")
        .replace(
          /^ssh: .*$/m,
          "ssh: {identityFile: ./id_operator, configFile: none, passphrase: {secret: keyPassphrase}, sudo: password, sudoPassword: {secret: sudoPassword}}",
        ),
    );
    edit("stacks/dev.yaml", text =>
      text
        .replace(/^ {2}url: http:.*$/m, "  url: {secret: proxyUrl}")
        .replace(/^ {4}servedModelName: tiny$/m, "    servedModelName: tiny\n    apiKey: {secret: apiToken}"),
    );
    for (const [name, value] of Object.entries(secrets)) {
      said.push(await muster(["config", "set", "--secret", name, "-s", "dev"], { input: value }));
    }
    const watch = await ProcessWatch.start(hosts);
    for (const verb of [
      ["preview"],
      ["up", "--yes"],
      ["refresh", "--yes"],
      ["up", "--yes", "--skip-preview", "--json", "--expect-no-changes"],
    ]) {
      said.push(await muster([...verb, "-s", "dev"]));
    }
    for (const verb of [
      ["status"],
      ["logs", "serve"],
      ["exec", "node-1", "--", "true"],
      ["stack", "export"],
      ["stack", "output"],
      ["config"],
    ]) {
      said.push(await muster([...verb, "-s", "dev"]));
    }
    processes = await watch.stop();
  }, 290_000);

  test("went well, by that user and with that key, and the server asks for that token", async () => {
    expect(said.map(({ code, stderr }) => ({ code, error: /^error/m.test(stderr) ? stderr : "" }))).toEqual(
      said.map(() => ({ code: 0, error: "" })),
    );
    expect(await hosts[0]?.ask("grep -c 'Accepted publickey for ops' /var/log/sshd.log")).not.toBe("0");
    const url = String(await output("url"));
    const ask = (key: string) =>
      hosts[0]?.ask(`curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer ${key}' ${url}/v1/models`);
    expect([await ask(marks.apiToken), await ask("wrong")]).toEqual(["200", "401"]);
  });

  test("the proxy's password is where a person needs it, in a file of mode 0600", async () => {
    const file = "/var/lib/muster/dev/node/proxy.sh";
    expect(await hosts[0]?.ask(`stat -c %a ${file}; grep -c ${marks.proxyPassword} ${file}`)).toMatch(/^600\n[1-9]/);
  });

  test("nothing that was printed shows a secret", () => {
    expect(found(said.map(({ stdout, stderr }) => stdout + stderr).join("\n"))).toEqual([]);
  });

  test("no file of the operator's side shows one: state, history, configuration, audit log", () => {
    expect(found(textBelow(".muster/.pulumi"))).toEqual([]);
    expect(found(fs.readFileSync(path.join(checkout(), ".muster/audit.log"), "utf8"))).toEqual([]);
    expect(found(fs.readFileSync(path.join(checkout(), "Pulumi.dev.yaml"), "utf8"))).toEqual([]);
  });

  test("no command line shows one, on the operator's machine or on a host", () => {
    // The watch has seen what it looks for: without that it proves nothing.
    expect(processes).toMatch(/muster-lifeline/);
    expect(processes).toMatch(/cli\/main\.js up/);
    expect(found(processes)).toEqual([]);
  });

  test("no container shows one: not its environment, arguments, labels or log", async () => {
    for (const host of hosts) {
      expect(found(await host.ask("docker inspect $(docker ps -aq); docker logs ms 2>&1"))).toEqual([]);
    }
  });

  test("no log of a job shows one, and no file that somebody else than root may read", async () => {
    for (const host of hosts) {
      const patterns = Object.values(marks).flatMap(forms).join("\n");
      const search = (as: string, where: string) =>
        host.ask(`cat >/run/patterns <<'END'\n${patterns}\nEND
          chmod 644 /run/patterns
          ${as} grep -rlIF -f /run/patterns ${where} 2>/dev/null | grep -v '^/run/patterns$'; rm -f /run/patterns; true`);
      expect(await search("", "/var/lib/muster/dev/jobs /var/log")).toBe("");
      const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
      expect(await search(nobody, "/var/lib/muster /etc /home /tmp /run /root /var/log /data /opt /srv")).toBe("");
    }
  });
});
