import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { main } from "../../cli/main";
import { openSsh } from "../../cli/verbs/ssh";
import { resolveAddress } from "../../remote/host-table";
import { KeyMaker } from "../remote/certificates";
import { Sshd } from "../remote/sshd";
import { Cleanup } from "../support/cleanup";
import { fakeConsole } from "./fake-console";

const cleanup = new Cleanup();
const maker = new KeyMaker();
cleanup.add(() => maker.remove());
const authority = maker.key("authority");
const hostAuthority = maker.key("host-authority");
const temporary = process.env.TMPDIR;
/** Three servers on one address. */
let sshds: Sshd[];
let folder: string;

beforeAll(async () => {
  sshds = await Promise.all([1, 2, 3].map(() => Sshd.start([`TrustedUserCAKeys ${authority}.pub`])));
  for (const sshd of sshds) cleanup.add(() => sshd.stop());
});
afterAll(cleanup.run);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-reach-"));
  writeFileSync(
    path.join(folder, "Pulumi.yaml"),
    'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\nplugins: {providers: [{name: muster, path: provider}]}\n',
  );
  writeFileSync(path.join(folder, "Pulumi.prod.yaml"), "config:\n  muster:cluster: prod.yaml\n");
});
afterEach(() => {
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  rmSync(folder, { recursive: true });
});

async function muster(...argv: string[]) {
  return musterWith("", ...argv);
}

async function musterWith(input: string, ...argv: string[]) {
  const console = fakeConsole({ cwd: folder, env: { PULUMI_CONFIG_PASSPHRASE: "x" }, input });
  const code = await main(argv, console);
  return { code, out: console.stdout(), err: console.stderr() };
}

function cluster(lines: string): void {
  const text = `cluster: prod\nimage: {reference: "train:1", swift: 3.7.1}\nslots: 1\nknownHosts: known_hosts\n${lines}`;
  writeFileSync(path.join(folder, "prod.yaml"), text);
}

function port(index: number): number {
  return sshds[index]?.port ?? 0;
}

function connections(): number {
  return sshds.reduce((sum, sshd) => sum + sshd.count(/^Connection from/), 0);
}

test("a name of ssh_config, through a chain of ProxyJump, with a key whose passphrase is a secret of the stack", async () => {
  const key = maker.key("locked", "ed25519", "correct horse");
  maker.certify(authority, key, { principals: ["root"] });
  writeFileSync(
    path.join(folder, "ssh_config"),
    `Host gpu
  HostName 127.0.0.1
  Port ${port(2)}
  ProxyJump outer,root@inner
Host outer inner
  HostName 127.0.0.1
  User root
Host outer
  Port ${port(0)}
Host inner
  Port ${port(1)}
`,
    { mode: 0o600 },
  );
  cluster(`hosts: [{name: node-1, address: gpu}]
ssh: {configFile: ssh_config, agent: none, identityFile: ${key}, passphrase: {secret: phrase}}\n`);
  expect((await muster("stack", "init", "prod")).code).toBe(0);

  const before = connections();
  for (const verb of [
    ["trust", "prod.yaml", "--yes"],
    ["doctor", "prod.yaml"],
    ["exec", "-s", "prod", "node-1", "--host", "--", "true"],
    ["ssh", "-s", "prod", "node-1"],
  ]) {
    const { code, err } = await muster(...verb);
    expect(code).toBe(1);
    expect(err).toContain("secret phrase is not in the configuration of stack prod");
    expect(err).toContain("fix: muster config set --secret phrase -s prod");
  }
  expect(connections()).toBe(before);

  expect((await musterWith("correct horse\n", "config", "set", "--secret", "phrase", "-s", "prod")).code).toBe(0);
  const trusted = await muster("trust", "prod.yaml", "--yes");
  expect(trusted.err).toBe("");
  expect(readFileSync(path.join(folder, "known_hosts"), "utf8").trim().split("\n")).toHaveLength(3);
  for (const sshd of sshds) expect(trusted.out).toContain(sshd.fingerprint());

  const answer = await muster("exec", "-s", "prod", "node-1", "--host", "--", "sh", "-c", "echo $SSH_CONNECTION");
  expect(answer).toMatchObject({ code: 0, out: `127.0.0.1 ${answer.out.split(" ")[1]} 127.0.0.1 ${port(2)}\n` });
  expect(sshds.map(sshd => sshd.count(/^Accepted publickey .*-CERT/)).every(count => count > 0)).toBe(true);
});

test("hosts behind one address, each with its own port and key", async () => {
  const hosts = sshds.map(
    (sshd, index) =>
      `  - {name: node-${index}, address: 127.0.0.1, port: ${sshd.port}, clusterAddress: 10.0.0.${index}, identityFile: ${sshd.folder}/client_key}\n`,
  );
  cluster(`hosts:\n${hosts.join("")}ssh: {configFile: none, agent: none}\n`);
  expect((await muster("stack", "init", "prod")).code).toBe(0);
  expect((await muster("trust", "prod.yaml", "--yes")).code).toBe(0);
  for (const index of [0, 1, 2]) {
    const { out } = await muster(
      "exec",
      "-s",
      "prod",
      `node-${index}`,
      "--host",
      "--",
      "sh",
      "-c",
      "echo $SSH_CONNECTION",
    );
    expect(out).toMatch(new RegExp(` ${port(index)}\n$`));
  }
  const again = await muster("trust", "prod.yaml", "--yes");
  expect(again.out.match(/ pinned$/gm)).toHaveLength(3);
  writeFileSync(
    path.join(folder, "known_hosts"),
    readFileSync(path.join(folder, "known_hosts"), "utf8")
      .replaceAll(String(port(0)), "1")
      .replaceAll(String(port(1)), String(port(0))),
  );
  const swapped = await muster("trust", "prod.yaml", "--yes");
  expect(swapped).toMatchObject({ code: 1, err: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${port(0)}'`) });
});

test("without containers a command has the environment's variables, unless it asks for the host's own", async () => {
  const text = `cluster: prod
runtime: host
python: {environment: {kind: venv, path: /opt/envs/own, swift: 3.7.1}}
slots: 1
knownHosts: known_hosts
hosts: [{name: node-1, address: 127.0.0.1, port: ${port(0)}, identityFile: ${sshds[0]?.folder}/client_key}]
ssh: {configFile: none, agent: none}
container: {env: {OWN: "a b"}}
`;
  writeFileSync(path.join(folder, "prod.yaml"), text);
  expect((await muster("stack", "init", "prod")).code).toBe(0);
  expect((await muster("trust", "prod.yaml", "--yes")).code).toBe(0);
  const shown = ["--", "sh", "-c", "echo $PATH; echo $OWN"];
  const inEnvironment = await muster("exec", "-s", "prod", "node-1", ...shown);
  expect(inEnvironment).toMatchObject({ code: 0, err: "" });
  expect(inEnvironment.out).toMatch(/^\/var\/lib\/muster\/prod\/bin:\/opt\/envs\/own\/bin:.*\na b\n$/);
  const onHost = await muster("exec", "-s", "prod", "node-1", "--host", ...shown);
  expect(onHost.out).not.toContain("/opt/envs/own");
});

test("a host that an authority certifies is shown as such, and nothing is pinned for it", async () => {
  const key = maker.key("certified");
  const certificate = maker.certify(hostAuthority, key, { host: true, principals: ["gpu-1"] });
  const sshd = await Sshd.start([`HostKey ${key}`, `HostCertificate ${certificate}`]);
  cleanup.add(() => sshd.stop());
  const known = path.join(folder, "known_hosts");
  const line = `@cert-authority gpu-* ${maker.publicKey(hostAuthority)}\n`;
  writeFileSync(known, line);
  cluster(`hosts: [{name: node-1, address: 127.0.0.1, port: ${sshd.port}, hostKeyAlias: gpu-1, identityFile: ${sshd.folder}/client_key}]
ssh: {configFile: none, agent: none}\n`);
  const { code, out } = await muster("trust", "prod.yaml", "--yes");
  expect(code).toBe(0);
  expect(out).toContain(`${maker.fingerprint(key)}  certified by ${maker.fingerprint(hostAuthority)}`);
  expect(readFileSync(known, "utf8")).toBe(line);
  expect((await muster("stack", "init", "prod")).code).toBe(0);
  expect((await muster("exec", "-s", "prod", "node-1", "--host", "--", "true")).code).toBe(0);

  appendFileSync(known, `@revoked * ${maker.publicKey(key)}\nbroken\n`);
  const revoked = await muster("trust", "prod.yaml", "--yes");
  expect(revoked).toMatchObject({
    code: 1,
    err: expect.stringMatching(/the key SHA256:\S+ that it certifies is revoked/),
  });
  expect(revoked.err).toContain(`warning: ${known}:3: left out`);
});

test("errors name the lines of ssh_config that led to the host", async () => {
  writeFileSync(path.join(folder, "ssh_config"), "Host gpu\n  HostName 127.0.0.1\n  Port 1\n", { mode: 0o600 });
  cluster("hosts: [{name: node-1, address: gpu}]\nssh: {configFile: ssh_config, agent: none}\n");
  const { err } = await muster("exec", "-s", "prod", "node-1", "--host", "--", "true");
  expect(err).toContain(`HostName ${folder}/ssh_config:2, Port ${folder}/ssh_config:3`);
});

test("OpenSSH's own client goes the same way, and is told the passphrases without a file of them", async () => {
  const key = maker.key("with 'quotes' %h", "ed25519", "it's $1 ü");
  maker.certify(authority, key, { principals: ["root"] });
  const login = { identityFile: key, passphrase: "it's $1 ü" };
  const [outer, inner, target] = sshds.map((sshd, index) => sshd.host({ name: `node-${index}`, ...login }));
  if (!outer || !inner || !target) throw new Error("no hosts");
  const way = resolveAddress({ ...target, bastion: { ...inner, bastion: outer } }, []);
  const known = path.join(folder, "known hosts");
  writeFileSync(known, sshds.map(sshd => `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}\n`).join(""));
  const mark = path.join(folder, "mark");
  process.env.TMPDIR = folder;
  expect(await openSsh(way, [known], ["-T"], [`echo $SSH_CONNECTION >'${mark}'`])).toBe(0);
  expect(readFileSync(mark, "utf8")).toMatch(new RegExp(` ${target.port}\n$`));
  rmSync(mark);
  const foreign = `[127.0.0.1]:${target.port} ${maker.publicKey(authority)}\n`;
  writeFileSync(known, readFileSync(known, "utf8").replace(/.*\n$/, foreign));
  expect(await openSsh(way, [known], ["-T", "-q"], [`touch '${mark}'`])).toBe(255);
  expect(existsSync(mark)).toBe(false);
  expect(readdirSync(folder).filter(name => name.startsWith("muster-"))).toEqual([]);
});
