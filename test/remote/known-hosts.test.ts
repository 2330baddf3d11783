import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { fingerprint, parseHostKey } from "../../remote/host-key";
import {
  formatKnownHost,
  hostPattern,
  type KnownHost,
  matches,
  matchKnownHosts,
  parseKnownHosts,
} from "../../remote/known-hosts";

let folder: string;
const keys: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-known-"));
  for (const type of ["ed25519", "ecdsa", "rsa"]) {
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", path.join(folder, type)]);
    keys.push(readFileSync(path.join(folder, `${type}.pub`), "utf8").trim());
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function key(index: number) {
  const parsed = parseHostKey(keys[index] ?? "");
  if (!parsed) throw new Error("no key");
  return parsed;
}

test("fingerprints are those of ssh-keygen", () => {
  for (const [index, type] of ["ed25519", "ecdsa", "rsa"].entries()) {
    const printed = execFileSync("ssh-keygen", ["-lf", path.join(folder, `${type}.pub`)], { encoding: "utf8" });
    expect(printed.split(" ")[1]).toBe(fingerprint(key(index)));
  }
});

test("a key of another type than it says is no key", () => {
  expect(parseHostKey(`ssh-rsa ${key(0).base64}`)).toBeUndefined();
  expect(parseHostKey("ssh-ed25519")).toBeUndefined();
});

test("plain names, ports, patterns and negation", () => {
  const { entries, notes } = parseKnownHosts(
    [
      `# comment`,
      "",
      `node-1,10.0.0.1 ${keys[0]} comment`,
      `[node-1]:2333 ${keys[1]}`,
      `*.lab,!bad.lab ${keys[2]}`,
    ].join("\r\n"),
  );
  expect(notes).toEqual([]);
  expect(matchKnownHosts(entries, { address: "NODE-1" }).trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, { address: "10.0.0.1", port: 22 }).trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, { address: "node-1", port: 2333 }).trusted).toEqual([key(1)]);
  expect(matchKnownHosts(entries, { address: "10.0.0.1", port: 2333 }).trusted).toEqual([]);
  expect(matchKnownHosts(entries, { address: "a.lab" }).trusted).toEqual([key(2)]);
  expect(matchKnownHosts(entries, { address: "bad.lab" }).trusted).toEqual([]);
});

test("names that ssh-keygen -H hashed", () => {
  const file = path.join(folder, "hashed");
  writeFileSync(file, `node-1 ${keys[0]}\n[node-1]:2333 ${keys[1]}\n`);
  execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
  const { entries } = parseKnownHosts(readFileSync(file, "utf8"));
  expect(entries[0]?.names[0]).toMatch(/^\|1\|/);
  expect(matchKnownHosts(entries, { address: "node-1" }).trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, { address: "node-1", port: 2333 }).trusted).toEqual([key(1)]);
  expect(matchKnownHosts(entries, { address: "node-2" }).trusted).toEqual([]);
});

test("a revoked key is not trusted, whatever other lines say", () => {
  const { entries } = parseKnownHosts(`node-1 ${keys[0]}\nnode-1 ${keys[1]}\n@revoked * ${keys[0]}\n`);
  expect(matchKnownHosts(entries, { address: "node-1" })).toEqual({
    trusted: [key(1)],
    authorities: [],
    revoked: [key(0)],
  });
});

test("an authority is one for its names on every port, unless its key is revoked", () => {
  const { entries } = parseKnownHosts(
    [`@cert-authority *.lab,!bad.lab ${keys[0]}`, `@cert-authority [a.lab]:2333 ${keys[1]}`, `a.lab ${keys[2]}`].join(
      "\n",
    ),
  );
  const known = (address: string, port?: number) => matchKnownHosts(entries, { address, port });
  expect(known("a.lab")).toEqual({ trusted: [key(2)], authorities: [key(0)], revoked: [] });
  expect(known("a.lab", 2333)).toEqual({ trusted: [], authorities: [key(0), key(1)], revoked: [] });
  expect(known("bad.lab").authorities).toEqual([]);
  const revoked = parseKnownHosts(`@cert-authority * ${keys[0]}\n@revoked a.lab ${keys[0]}`).entries;
  expect(matchKnownHosts(revoked, { address: "a.lab", port: 2333 })).toEqual({
    trusted: [],
    authorities: [],
    revoked: [key(0)],
  });
});

test("HostKeyAlias is looked up instead of the address, without a port", () => {
  const { entries } = parseKnownHosts(`gpu ${keys[0]}\n10.0.0.1 ${keys[1]}\n[gpu]:2333 ${keys[2]}\n`);
  const name = { address: "10.0.0.1", port: 2333, hostKeyAlias: "GPU" };
  expect(matchKnownHosts(entries, name).trusted).toEqual([key(0)]);
  expect(formatKnownHost([name], key(0))).toBe(`GPU ${keys[0]}`);
});

test("lines that cannot be used are notes with file and line", () => {
  const { entries, notes } = parseKnownHosts(`node-1 ssh-rsa AAAA\nnode-1\n@new x y z\n@revoked x`, "kh");
  expect(entries).toEqual([]);
  expect(notes.map(note => note.split(":").slice(0, 2).join(":"))).toEqual(["kh:1", "kh:2", "kh:3", "kh:4"]);
});

test("what is written is found by us and by ssh-keygen -F", () => {
  const file = path.join(folder, "written");
  writeFileSync(file, `${formatKnownHost([{ address: "node-1" }, { address: "10.0.0.1", port: 2333 }], key(0))}\n`);
  const { entries } = parseKnownHosts(readFileSync(file, "utf8"));
  for (const [name, port] of [
    ["node-1", 22],
    ["10.0.0.1", 2333],
  ] as const) {
    expect(matchKnownHosts(entries, { address: name, port }).trusted).toEqual([key(0)]);
    const argument = port === 22 ? name : `[${name}]:${port}`;
    expect(execFileSync("ssh-keygen", ["-F", argument, "-f", file], { encoding: "utf8" })).toContain(key(0).base64);
  }
});

test("no text makes the parser throw or trust", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, address) => {
      expect(matchKnownHosts(parseKnownHosts(text).entries, { address }).trusted).toEqual([]);
    }),
  );
});

describe("against ssh-keygen -F", () => {
  /** Few letters, so that names and patterns meet. */
  const name = fc.string({ unit: fc.constantFrom("a", "b", ".", "1"), minLength: 1, maxLength: 4 });
  const port = fc.constantFrom(22, 22, 2333, 2334);
  const query = fc.record({ address: name, port });
  const wild = fc.string({ unit: fc.constantFrom("a", "B", ".", "*", "?"), minLength: 1, maxLength: 4 });
  const pattern = fc
    .tuple(fc.constantFrom("", "", "", "!"), fc.oneof(name, wild), fc.constantFrom("", "", ":2333"))
    .map(([negation, text, end]) => `${negation}${end ? `[${text}]${end}` : text}`);
  const marker = fc.constantFrom("", "", "", "@revoked ", "@cert-authority ", "@cert-authority\t", "@other ");
  const key = fc.constantFrom(0, 1, 2);
  const line = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(marker, fc.array(pattern, { minLength: 1, maxLength: 4 }), key, fc.constantFrom(" ", "\t", "  "))
        .map(([mark, patterns, index, gap]) => `${mark}${patterns.join(",")}${gap}${keys[index]}`),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(marker, query, key).map(([mark, host, index]) => `${mark}${hashed(host)} ${keys[index]}`),
    },
    { weight: 1, arbitrary: fc.constantFrom("", "# a ssh-rsa AAAA", "a", "a ssh-rsa", "a ssh-ed25519 AAAA", "  ") },
  );

  function hashed({ address, port: at }: { address: string; port: number }): string {
    const salt = Buffer.from("0123456789abcdefghij");
    const hash = createHmac("sha1", salt).update(hostPattern(address, at)).digest("base64");
    return `|1|${salt.toString("base64")}|${hash}`;
  }

  /** The lines that it finds, with what it says of them. */
  function found(file: string, wanted: string): string[] {
    const run = spawnSync("ssh-keygen", ["-l", "-F", wanted, "-f", file], { encoding: "utf8" });
    return [...run.stdout.matchAll(/^# Host .* found: line (\d+) ?(CA|REVOKED)?$/gm)].map(
      ([, at, said]) => `${at}${said ? ` ${said}` : ""}`,
    );
  }

  const words: Readonly<Record<KnownHost["use"], string>> = { host: "", authority: " CA", revoked: " REVOKED" };

  test("the same lines are found, with the same markers", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), query, (lines, { address, port: at }) => {
        const file = path.join(folder, "random");
        writeFileSync(file, lines.map(text => `${text}\n`).join(""));
        const wanted = hostPattern(address, at);
        const ours = parseKnownHosts(readFileSync(file, "utf8"))
          .entries.filter(entry => matches(entry, wanted))
          .map(entry => `${entry.line}${words[entry.use]}`);
        expect(ours).toEqual(found(file, wanted));
      }),
      { numRuns: 400 },
    );
  });

  test("what is written for any name is found by both", () => {
    fc.assert(
      fc.property(fc.array(query, { minLength: 1, maxLength: 3 }), key, (hosts, index) => {
        const parsed = parseHostKey(keys[index] ?? "");
        if (!parsed) throw new Error("no key");
        const file = path.join(folder, "round");
        writeFileSync(file, `${formatKnownHost(hosts, parsed)}\n`);
        const { entries, notes } = parseKnownHosts(readFileSync(file, "utf8"));
        expect(notes).toEqual([]);
        for (const host of hosts) {
          expect(matchKnownHosts(entries, host).trusted).toEqual([parsed]);
          expect(found(file, hostPattern(host.address, host.port))).toEqual(["1"]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
