import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { type ConfigFiles, type HostQuery, SshConfig } from "../../remote/ssh-config/config";
import { parseJumps } from "../../remote/ssh-config/jump";

const folder = mkdtempSync(path.join(tmpdir(), "muster-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { username, uid, homedir } = userInfo();
const surroundings = {
  home: homedir,
  localUser: username,
  localUserId: uid,
  localHost: hostname(),
  variable: (name: string) => process.env[name],
};

/** Files on the disk; patterns end in one `*`. */
const files: ConfigFiles = {
  read: file => (existsSync(file) ? readFileSync(file, "utf8") : undefined),
  find: pattern => {
    const [start = "", end] = pattern.split("*");
    if (end === undefined) return existsSync(pattern) ? [pattern] : [];
    const names = existsSync(path.dirname(start)) ? readdirSync(path.dirname(start)).sort() : [];
    return names
      .map(name => path.join(path.dirname(start), name))
      .filter(name => name.startsWith(start) && name.endsWith(end));
  },
};

function ours(file: string, query: Omit<HostQuery, "defaultUser">) {
  return new SshConfig(file, files, surroundings).resolve({ defaultUser: username, ...query });
}

/** Ours in the words of `ssh -G`. */
function summary(file: string, query: Omit<HostQuery, "defaultUser">): Record<string, unknown> {
  const { settings, hostName } = ours(file, query);
  const proxy = settings.proxy?.value;
  return {
    hostname: hostName,
    user: query.user ?? settings.user?.value ?? username,
    port: String(query.port ?? settings.port?.value ?? 22),
    identityfile: settings.identityFiles.map(({ value }) => value),
    certificatefile: settings.certificateFiles.map(({ value }) => value),
    identitiesonly: settings.identitiesOnly?.value ? "yes" : "no",
    identityagent: settings.identityAgent?.value,
    proxyjump: proxy && "jumps" in proxy && proxy.jumps.length > 0 ? proxy.jumps : undefined,
    proxycommand: proxy && "command" in proxy ? proxy.command : undefined,
    hostkeyalias: settings.hostKeyAlias?.value,
    connecttimeout: String(settings.connectTimeoutSeconds?.value ?? "none"),
    userknownhostsfile: settings.userKnownHostsFiles?.value.join(" "),
  };
}

const USUAL_IDENTITIES = /^~\/\.ssh\/id_(rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

/** What the real client makes of the file. */
function theirs(file: string, { host, user, port }: Omit<HostQuery, "defaultUser">): Record<string, unknown> {
  const login = [...(user ? ["-l", user] : []), ...(port ? ["-p", String(port)] : [])];
  const run = spawnSync("ssh", ["-G", "-F", file, ...login, "--", host], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`ssh -G: ${run.stderr}\n${readFileSync(file, "utf8")}`);
  const values = (name: string) =>
    [...run.stdout.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].map(match => match[1] ?? "");
  const value = (name: string) => values(name)[0];
  const jump = value("proxyjump");
  const known = value("userknownhostsfile");
  const command = value("proxycommand");
  return {
    hostname: value("hostname"),
    user: value("user"),
    port: value("port"),
    identityfile: values("identityfile").filter(name => !USUAL_IDENTITIES.test(name)),
    certificatefile: values("certificatefile"),
    identitiesonly: value("identitiesonly"),
    identityagent: value("identityagent"),
    // It prints brackets and ports in its own way.
    proxyjump: jump === undefined || jump === "none" ? undefined : parseJumps(jump),
    proxycommand: command === "none" ? undefined : command,
    hostkeyalias: value("hostkeyalias"),
    connecttimeout: value("connecttimeout"),
    userknownhostsfile: known?.includes("/.ssh/known_hosts") ? undefined : known === "none" ? "" : known,
  };
}

/** Few letters, so that names and patterns meet. */
const name = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 3 });
const pattern = fc.oneof(
  name,
  fc.constantFrom("*.lab", "a.lab"),
  fc.string({ unit: fc.constantFrom("a", "B", "b", "*", "?"), minLength: 1, maxLength: 3 }),
);
const negatable = fc.tuple(fc.constantFrom("", "", "!"), pattern).map(([negation, text]) => negation + text);
const patterns = fc.array(negatable, { minLength: 1, maxLength: 3 });
const fileName = fc.constantFrom(
  "~/.ssh/one",
  "/keys/two",
  '"/keys/with space"',
  "/keys/with\\ space",
  "'/keys/q'",
  "/keys/x#y",
  "none",
);
const gap = fc.constantFrom(" ", "\t", "  ", "=", " = ", "= ");
const option = fc.oneof(
  fc.tuple(
    fc.constantFrom("HostName", "hostname"),
    gap,
    fc.constantFrom("a.lab", "%h.lab", "B", "10.0.0.1", "x%%y", '"q"', "::1"),
  ),
  fc.tuple(fc.constant("User"), gap, fc.constantFrom("a", "b", "ops")),
  fc.tuple(fc.constant("Port"), gap, fc.constantFrom("1", "2200", "65535")),
  fc.tuple(fc.constantFrom("IdentityFile", "CertificateFile"), gap, fileName),
  fc.tuple(fc.constant("IdentitiesOnly"), gap, fc.constantFrom("yes", "no", "TRUE", "false")),
  fc.tuple(fc.constant("IdentityAgent"), gap, fc.constantFrom("none", "/run/agent", "SSH_AUTH_SOCK")),
  fc.tuple(fc.constant("HostKeyAlias"), gap, name),
  fc.tuple(fc.constant("ConnectTimeout"), gap, fc.constantFrom("1", "1m", "1m30s", "2h1", "none")),
  fc.tuple(
    fc.constant("ProxyJump"),
    gap,
    fc.constantFrom(
      "none",
      "gate",
      "ops@gate:22",
      "a,b@c:33",
      "ssh://ops@gate:2222",
      "gate # comment",
      "NONE",
      "[::2]:22",
      "x@y@z",
    ),
  ),
  fc.tuple(fc.constant("ProxyCommand"), gap, fc.constantFrom("none", "nc %h %p", "ssh -W [%h]:%p gate # no comment")),
  fc.tuple(
    fc.constant("UserKnownHostsFile"),
    gap,
    fc.constantFrom("/k/one", "/k/one /k/two", '"/k/with space"', "none"),
  ),
  fc.tuple(fc.constantFrom("ForwardAgent", "Compression", "StrictHostKeyChecking"), gap, fc.constantFrom("yes", "no")),
);
const optionLine = fc
  .tuple(fc.constantFrom("", "  ", "\t"), option, fc.constantFrom("", "", " ", " # a comment"))
  .map(
    ([indent, [keyword, between, value], end]) =>
      indent + keyword + between + value + (/^Proxy/.test(keyword) ? "" : end),
  );
const criterion = fc.oneof(
  fc
    .tuple(fc.constantFrom("host", "originalhost", "!host", "!originalhost", "Host"), patterns)
    .map(([what, all]) => `${what} ${all.join(",")}`),
  fc
    .tuple(fc.constantFrom("user", "!user"), fc.constantFrom("a", "ops", "*", "o*,!ops", username))
    .map(all => all.join(" ")),
  fc
    .tuple(fc.constantFrom("localuser", "!localuser"), fc.constantFrom(username, "nobody", "*"))
    .map(all => all.join(" ")),
  fc.constantFrom("final", "canonical", "!final", "!canonical"),
);
const block = fc.oneof(
  { weight: 4, arbitrary: patterns.map(all => `Host ${all.join(" ")}`) },
  { weight: 4, arbitrary: fc.array(criterion, { minLength: 1, maxLength: 3 }).map(all => `Match ${all.join(" ")}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "Match all",
      "Match final all",
      "Match !all",
      'Match host "a,b"',
      "Match host=a",
      "Match host a # b",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      `Include ${folder}/inc-a`,
      `Include ${folder}/inc-*`,
      `Include ${folder}/absent`,
      `include "${folder}/inc-b" ${folder}/inc-a`,
    ),
  },
);
const line = fc.oneof(
  { weight: 5, arbitrary: optionLine },
  { weight: 3, arbitrary: block },
  { weight: 1, arbitrary: fc.constantFrom("", "# Host a", "   ") },
);
/** Includes nothing itself, so that no circle is made. */
const included = fc.array(
  line.filter(text => !/include/i.test(text)),
  { maxLength: 5 },
);
const query = fc.record(
  {
    host: fc.oneof(name, fc.constantFrom("A", "aB")),
    user: fc.constantFrom("ops", "a"),
    port: fc.constantFrom(22, 99),
  },
  { requiredKeys: ["host"] },
);

describe("against the real ssh -G", () => {
  test("every setting of every host is the same", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), included, included, query, (lines, a, b, asked) => {
        writeFileSync(path.join(folder, "inc-a"), a.map(text => `${text}\n`).join(""));
        writeFileSync(path.join(folder, "inc-b"), b.map(text => `${text}\n`).join(""));
        const file = path.join(folder, "config");
        writeFileSync(file, lines.map(text => `${text}\n`).join(""));
        expect(summary(file, asked)).toEqual(theirs(file, asked));
      }),
      { numRuns: 500 },
    );
  });
});

test("files that include themselves are a problem, as they are for ssh", () => {
  const file = path.join(folder, "circle");
  writeFileSync(file, `Include ${file}\n`.repeat(20));
  const { notes } = ours(file, { host: "a" });
  expect(notes.map(note => note.found)).toEqual([
    expect.stringContaining("files include each other more than 16 deep"),
  ]);
  expect(spawnSync("ssh", ["-G", "-F", file, "a"], { encoding: "utf8" }).stderr).toContain("Too many recursive");
});

test("sixteen files deep is read, as ssh reads it", () => {
  const names = Array.from({ length: 17 }, (_, index) => path.join(folder, `deep-${index}`));
  for (const [index, name] of names.entries()) {
    writeFileSync(name, index === 16 ? "Port 1616\n" : `Include ${names[index + 1]}\n`);
  }
  expect(ours(names[0] ?? "", { host: "a" }).settings.port?.value).toBe(1616);
  expect(theirs(names[0] ?? "", { host: "a" }).port).toBe("1616");
});
