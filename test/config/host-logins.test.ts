import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { hostTable } from "../../config/host-table";
import { loadCluster } from "../../config/load";
import { noPins, readPins } from "../../config/pins";
import { ConfigErrors, warningText } from "../../config/problem";
import { findFiles, openSshConfig } from "../../config/ssh-config-files";
import { configuredLogin } from "../../config/ssh-config-login";

const folder = mkdtempSync(path.join(tmpdir(), "muster-logins-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const surroundings = {
  home: "/home/op",
  localUser: "op",
  localUserId: 1000,
  localHost: "desk.corp",
  variable: (name: string) => ({ KEYS: "/keys", AGENT: "/run/agent" })[name],
};

/** A cluster file with these lines, and the operator's ssh_config. */
function load(lines: string, sshConfig = "", files: Readonly<Record<string, string>> = {}) {
  const text = `cluster: dev\nimage: {reference: "train:1", swift: 3.7.1}\nslots: 2\n${lines}`;
  return loadCluster("stacks/dev.yaml", {
    surroundings,
    readFile: () => text,
    readSshConfig: file => {
      const found = { "/home/op/.ssh/config": sshConfig, ...files }[file];
      if (found === undefined) throw Object.assign(new Error("no file"), { code: "ENOENT" });
      return found;
    },
  });
}

function first(lines: string, sshConfig = "") {
  return load(lines, sshConfig).hosts[0];
}

function refused(lines: string, sshConfig = ""): string {
  try {
    load(lines, sshConfig);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.message;
    throw error;
  }
  throw new Error("the file was accepted");
}

const one = (more = "") => `hosts: [{name: node-1, address: gpu-1${more === "" ? "" : `, ${more}`}}]\n`;

describe("ssh_config", () => {
  const config = `Host gpu-*
  HostName %h.lab.example
  User ops
  Port 2201
  IdentityFile ~/.ssh/id_%n
  IdentityFile \${KEYS}/%r@%h:%p
  CertificateFile /certs/%u-%L-%i
  IdentitiesOnly yes
  IdentityAgent $AGENT
  HostKeyAlias Lab
  ConnectTimeout 1m
  UserKnownHostsFile ~/.ssh/lab_hosts
`;

  test("gives what the cluster file does not say, and the lines that say so", () => {
    expect(first(one(), config)).toEqual({
      name: "node-1",
      address: "gpu-1.lab.example",
      clusterAddress: "gpu-1.lab.example",
      user: "ops",
      port: 2201,
      identityFile: ["~/.ssh/id_gpu-1", "/keys/ops@gpu-1.lab.example:2201"],
      certificateFile: ["/certs/op-desk-1000"],
      identitiesOnly: true,
      agent: "/run/agent",
      hostKeyAlias: "lab",
      connectTimeoutSeconds: 60,
      keepaliveSeconds: 15,
      knownHostsFiles: ["/home/op/.ssh/lab_hosts"],
      origins: ["HostName ~/.ssh/config:2", "User ~/.ssh/config:3", "Port ~/.ssh/config:4"],
    });
  });

  test("gives way to what the cluster file says, of the host or in ssh", () => {
    const ssh =
      "ssh: {user: root, identityFile: keys/id, agent: none, connectTimeoutSeconds: 5, identitiesOnly: false, certificateFile: ~/c}\n";
    const host = first(one("port: 22, hostKeyAlias: mine") + ssh, config);
    expect(host).toMatchObject({
      address: "gpu-1.lab.example",
      user: "root",
      port: 22,
      identityFile: [path.resolve("stacks/keys/id")],
      certificateFile: ["~/c"],
      identitiesOnly: false,
      agent: "none",
      hostKeyAlias: "mine",
      connectTimeoutSeconds: 5,
    });
    expect(first(one("user: me") + ssh, config)?.user).toBe("me");
  });

  test("is not asked with configFile: none; without one in the home everything is as usual", () => {
    expect(first(`${one()}ssh: {configFile: none}\n`, config)).toEqual({
      name: "node-1",
      address: "gpu-1",
      clusterAddress: "gpu-1",
      user: "root",
      port: 22,
      connectTimeoutSeconds: 15,
      keepaliveSeconds: 15,
    });
    expect(first(one())).toMatchObject({ address: "gpu-1", user: "root", port: 22 });
  });

  test("Match user sees who logs in", () => {
    const text = "Match user root\n Port 1\nMatch user ops\n Port 2\n";
    expect(first(one(), text)?.port).toBe(1);
    expect(first(one("user: ops"), text)?.port).toBe(2);
  });

  test("IdentityFile none: no key is tried, also not the usual ones", () => {
    expect(first(one(), "IdentityFile none\n")?.identityFile).toEqual([]);
  });

  test("a name in its own file, with what that includes; a name without a file is a problem", () => {
    const lines = `${one()}ssh: {configFile: site.conf}\n`;
    const site = path.resolve("stacks/site.conf");
    expect(load(lines, config, { [site]: "User site\n" }).hosts[0]?.user).toBe("site");
    expect(refused(lines)).toContain("site.conf: found no such file");
  });

  test("Match exec is never run: the block does not apply, and that is said", () => {
    const mark = path.join(folder, "ran");
    const cluster = load(one(), `Match exec "touch ${mark}"\n  User evil\nMatch !exec "false"\n  User evil\n`);
    expect(cluster.hosts[0]?.user).toBe("root");
    expect(existsSync(mark)).toBe(false);
    expect(cluster.warnings.map(warningText)).toEqual([
      expect.stringContaining("~/.ssh/config:1:1: found Match exec, which muster never runs"),
      expect.stringContaining("~/.ssh/config:3:1: found Match exec"),
    ]);
  });

  test("is never followed into less than strict checking of host keys, and that is said once", () => {
    const hosts = "hosts: [{name: a, address: a}, {name: b, address: b}]\n";
    const warnings = (value: string) => load(hosts, `StrictHostKeyChecking ${value}\n`).warnings.map(warningText);
    for (const value of ["no", "off", "accept-new"]) {
      expect(warnings(value)).toEqual([
        expect.stringContaining(`StrictHostKeyChecking ${value}, which muster does not`),
      ]);
    }
    for (const value of ["yes", "ask"]) expect(warnings(value)).toEqual([]);
  });

  test("what it cannot follow is said, with the line", () => {
    const text = "CanonicalizeHostname yes\nRevokedHostKeys /krl\nPKCS11Provider /p.so\nBindAddress 10.0.0.9\n";
    const warnings = load(one(), text).warnings.map(warningText);
    expect(warnings.map(each => each.split(":")[1])).toEqual(["1", "2", "3", "4"]);
    expect(warnings[1]).toContain("@revoked");
  });

  test("a line that cannot be read is a problem, with the line", () => {
    expect(refused(one(), "Host *\n  Port ssh\n")).toContain(
      "~/.ssh/config:2:1: found a line port that cannot be read",
    );
    expect(refused(one(), 'User "a\n')).toContain("a quote is not closed");
    expect(refused(one(), "HostName %z\n")).toContain("%z is no token");
    expect(refused(one(), `IdentityFile \${NOWHERE}/id\n`)).toContain("the variable NOWHERE is not set");
    expect(refused(one(), "Match host\n")).toContain("host needs a value");
    expect(load(one(), "Host other\n  Port ssh\n").hosts).toHaveLength(1);
  });
});

describe("bastions", () => {
  test("stand in one another, take keys from ssh, and no password", () => {
    const lines = `${one("bastion: {address: inner, user: in, bastion: {address: outer, port: 2222, identityFile: own}}")}
ssh: {user: ops, identityFile: ~/id, passphrase: {secret: phrase}, password: {secret: pass}}\n`;
    expect(first(lines)).toMatchObject({
      password: { secret: "pass" },
      bastion: {
        address: "inner",
        user: "in",
        port: 22,
        identityFile: ["~/id"],
        passphrase: { secret: "phrase" },
        bastion: { address: "outer", user: "ops", port: 2222, identityFile: [path.resolve("stacks/own")] },
      },
    });
    expect(JSON.stringify(first(lines)?.bastion)).not.toContain('pass"');
  });

  test("go by the name of a host, which is reached without itself", () => {
    const hosts = "hosts: [{name: gate, address: 10.0.0.1}, {name: node-1, address: 10.0.0.2}]\nssh: {bastion: gate}\n";
    expect(load(hosts).hosts.map(({ bastion }) => bastion)).toEqual([undefined, "gate"]);
  });

  test("that are no host, or lead to themselves, are problems", () => {
    const hosts = (first: string, second: string) =>
      `hosts: [{name: gate, address: 10.0.0.1, bastion: ${first}}, {name: node-1, address: 10.0.0.2, bastion: ${second}}]\n`;
    expect(refused(hosts("none", "gat"))).toContain("bastion 'gat', which is no host");
    expect(refused(hosts("none", "gat"))).toContain("remedy: write gate");
    const circle = refused(hosts("node-1", "{address: x, bastion: gate}"));
    expect(circle).toContain(
      "dev.yaml:4:50: hosts[0].bastion: found bastions that go round in a circle: gate -> node-1 -> gate",
    );
    expect(refused(`${one()}ssh: {bastion: nobody}\n`)).toContain("dev.yaml:5:16: ssh.bastion: found bastion 'nobody'");
  });

  const jumps = `Host gpu-*
  ProxyJump outer,ops@middle:2201,inner
Host outer
  HostName outer.example
  User out
  ProxyJump first
Host middle
  HostName middle.lab
  User other
  ProxyJump never
Host inner
  IdentityFile ~/.ssh/inner
Host first
  ProxyJump none
Host *
  ProxyJump first
`;

  test("of a ProxyJump are the same chain, each with its own lines", () => {
    expect(first(`${one()}ssh: {user: root, identityFile: ~/id}\n`, jumps)?.bastion).toMatchObject({
      address: "inner",
      user: "op",
      port: 22,
      identityFile: ["~/.ssh/inner"],
      bastion: {
        address: "middle.lab",
        user: "ops",
        port: 2201,
        identityFile: ["~/id"],
        bastion: {
          address: "outer.example",
          user: "out",
          bastion: { address: "first", user: "op" },
        },
      },
    });
  });

  test("of the cluster file win over ProxyJump, and none over all", () => {
    expect(first(one("bastion: {address: x, bastion: none}"), jumps)?.bastion).toMatchObject({ address: "x" });
    expect(first(one("bastion: {address: x, bastion: none}"), jumps)?.bastion).not.toHaveProperty("bastion");
    expect(first(one("bastion: {address: x}"), jumps)?.bastion).toMatchObject({ bastion: { address: "first" } });
    expect(first(one("bastion: none"), jumps)).not.toHaveProperty("bastion");
    expect(first(`${one("bastion: none")}ssh: {bastion: {address: x}}\n`, jumps)).not.toHaveProperty("bastion");
  });

  test("ProxyJump in a circle is a problem", () => {
    const message = refused(one(), "Host *\n  ProxyJump gate\n");
    expect(message).toContain("ProxyJump that goes round in a circle: gpu-1 -> gate -> gate");
    expect(message).toContain("Host * !GATE");
  });

  test("ProxyCommand is refused by its line, unless the cluster file says how to go", () => {
    const text = "Host *\n  ProxyCommand nc %h %p\n";
    const message = refused(`hosts: [{name: a, address: a}, {name: b, address: b}]\n`, text);
    expect(message).toContain("~/.ssh/config:2:1: found ProxyCommand nc %h %p for a, which muster does not run");
    expect(message).toContain("1 problem");
    expect(first(one("bastion: none"), text)).not.toHaveProperty("bastion");
    expect(first(one(), "ProxyCommand none\n")).not.toHaveProperty("bastion");
    expect(refused(one(), "Host gpu-1\n ProxyJump gate\nHost gate\n ProxyCommand nc\n")).toContain("for gate");
  });
});

describe("secrets", () => {
  test("are names in the file; a literal one is refused and not repeated", () => {
    for (const field of ["password", "passphrase", "sudoPassword"]) {
      const message = refused(one(`${field}: hunter22`));
      expect(message).toContain(`found a secret in plain text [secret], expected {secret: ${field}}`);
      expect(message).not.toContain("hunter22");
    }
    expect(refused(`${one()}ssh: {bastion: {address: x, password: hunter22}}\n`)).not.toContain("hunter22");
  });

  test("reach the host table as names; sudo: auto is found out", () => {
    const lines = `${one("sudo: password, sudoPassword: {secret: s}")}ssh: {sudo: auto, password: {secret: p}}\n`;
    const [host] = hostTable(load(lines), noPins);
    expect(host).toMatchObject({ sudo: "password", sudoPassword: { secret: "s" }, password: { secret: "p" } });
    expect(first(`${one()}ssh: {sudo: auto}\n`)).not.toHaveProperty("sudo");
  });
});

test("two names that ssh_config leads to one host are one host too many", () => {
  const hosts = "hosts: [{name: a, address: gpu-a}, {name: b, address: gpu-b}]\n";
  expect(refused(hosts, "HostName 10.0.0.1\n")).toContain("10.0.0.1 port 22, which is host 'a'");
  const ports = "HostName 10.0.0.1\nMatch originalhost gpu-b\n Port 2202\n";
  expect(refused(hosts, ports)).toContain("10.0.0.1, where the other nodes already reach 'a'");
  const apart = hosts.replace("gpu-b", "gpu-b, clusterAddress: 10.1.0.2");
  expect(load(apart, ports).hosts[1]).toMatchObject({ address: "10.0.0.1", port: 2202, clusterAddress: "10.1.0.2" });
});

test("known hosts of ssh_config count beside the cluster's", () => {
  const keys = ["a", "b"].map(name => {
    const file = path.join(folder, name);
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    return spawnSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).stdout.split(" ").slice(0, 2).join(" ");
  });
  writeFileSync(path.join(folder, "own"), `gpu-1 ${keys[0]}\nbroken line\n`);
  writeFileSync(path.join(folder, "lab"), `@cert-authority gpu-* ${keys[1]}\n`);
  const lines = `${one("port: 2222")}knownHosts: ${folder}/own\n`;
  const cluster = load(lines, `UserKnownHostsFile ${folder}/lab ${folder}/absent\n`);
  const pins = readPins(cluster);
  expect(pins.notes).toEqual([`${folder}/own:2: left out: it is not \`names type key\``]);
  expect(hostTable(cluster, pins)[0]).toMatchObject({ hostKeys: [], hostAuthorities: [keys[1]] });
  expect(hostTable(load(`${one()}knownHosts: ${folder}/own\n`), pins)[0]).toMatchObject({ hostKeys: [keys[0]] });
});

test("the way of the lines goes into the table as one text, for messages", () => {
  const config = "Host gpu-1\n  ProxyJump gate\nHost gate\n  User g\n";
  expect(hostTable(load(one(), config), noPins)[0]?.origin).toBe(
    "ProxyJump ~/.ssh/config:2, bastion gate: User ~/.ssh/config:4",
  );
});

describe("on the disk", () => {
  test("a file that others can write is refused, as OpenSSH refuses it", () => {
    const file = path.join(folder, "open");
    writeFileSync(file, "User x\n");
    chmodSync(file, 0o664);
    expect(() => openSshConfig(file, {})).toThrow("a file that others can write");
    chmodSync(file, 0o644);
    expect(openSshConfig(file, {})?.resolve({ host: "a", defaultUser: "root" }).settings.user?.value).toBe("x");
  });

  test("patterns of Include find what a shell finds", () => {
    const files = path.join(folder, "glob");
    mkdirSync(files);
    const name = fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "+", "("), minLength: 1, maxLength: 3 });
    const pattern = fc.string({
      unit: fc.constantFrom("a", "b", ".", "+", "*", "?", "[ab]", "[!a]", "[a-b]"),
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), pattern, (names, wanted) => {
        rmSync(files, { recursive: true });
        mkdirSync(files);
        for (const each of names.filter(text => !/^\.{1,2}$/.test(text))) writeFileSync(path.join(files, each), "");
        fc.pre(wanted.replace(/\[.*?\]/g, "x").match(/^\.*$/) === null);
        const script = `cd ${files} && for f in ${wanted.replace(/[()]/g, "\\$&")}; do [ -e "$f" ] && echo "$f"; done`;
        const theirs = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", env: { LC_ALL: "C" } }).stdout;
        const found = findFiles(`${files}/${wanted}`).map(each => path.basename(each));
        expect(found.filter(each => !/^\.{1,2}$/.test(each))).toEqual(
          theirs.split("\n").filter(each => each !== "" && !/^\.{1,2}$/.test(each)),
        );
      }),
      { numRuns: 150 },
    );
  });
});

test("tokens are filled in as the real ssh fills them in", () => {
  const { username, uid } = userInfo();
  const here = {
    home: homedir(),
    localUser: username,
    localUserId: uid,
    localHost: hostname(),
    variable: (name: string) => process.env[name],
  };
  const file = path.join(folder, "tokens");
  const token = fc.constantFrom("%%", "%d", "%h", "%i", "%k", "%L", "%l", "%n", "%p", "%r", "%u", `\${PATH}`, "x", "~");
  const template = fc.array(token, { minLength: 1, maxLength: 4 }).map(parts => `/k${parts.join("-")}`);
  const alias = fc.constantFrom("", "HostKeyAlias Lab\n");
  fc.assert(
    fc.property(template, alias, fc.constantFrom("", "Port 2200\n"), (wanted, lines, port) => {
      writeFileSync(file, `HostName %h.lab\nUser ops\n${lines}${port}IdentityFile ${wanted}\nProxyCommand false\n`);
      const real = spawnSync("ssh", ["-F", file, "-v", "Node"], { encoding: "utf8" }).stderr;
      const [, theirs] = /identity file (.*) type/.exec(real) ?? [];
      const config = openSshConfig(file, { surroundings: here });
      const ours = config && configuredLogin(config, { host: "Node", defaultUser: "root" }).identityFile;
      expect(ours).toEqual([theirs]);
    }),
    { numRuns: 60 },
  );
});
