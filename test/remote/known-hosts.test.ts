import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { fingerprint, parseHostKey } from "../../remote/host-key";
import { formatKnownHost, matchKnownHosts, parseKnownHosts } from "../../remote/known-hosts";

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
  expect(matchKnownHosts(entries, "NODE-1").trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, "10.0.0.1", 22).trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, "node-1", 2333).trusted).toEqual([key(1)]);
  expect(matchKnownHosts(entries, "10.0.0.1", 2333).trusted).toEqual([]);
  expect(matchKnownHosts(entries, "a.lab").trusted).toEqual([key(2)]);
  expect(matchKnownHosts(entries, "bad.lab").trusted).toEqual([]);
});

test("names that ssh-keygen -H hashed", () => {
  const file = path.join(folder, "hashed");
  writeFileSync(file, `node-1 ${keys[0]}\n[node-1]:2333 ${keys[1]}\n`);
  execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
  const { entries } = parseKnownHosts(readFileSync(file, "utf8"));
  expect(entries[0]?.names[0]).toMatch(/^\|1\|/);
  expect(matchKnownHosts(entries, "node-1").trusted).toEqual([key(0)]);
  expect(matchKnownHosts(entries, "node-1", 2333).trusted).toEqual([key(1)]);
  expect(matchKnownHosts(entries, "node-2").trusted).toEqual([]);
});

test("a revoked key is not trusted, whatever other lines say", () => {
  const { entries } = parseKnownHosts(`node-1 ${keys[0]}\nnode-1 ${keys[1]}\n@revoked * ${keys[0]}\n`);
  expect(matchKnownHosts(entries, "node-1")).toEqual({ trusted: [key(1)], revoked: [key(0)] });
});

test("lines that cannot be used are notes with file and line", () => {
  const { entries, notes } = parseKnownHosts(
    `@cert-authority *.lab ${keys[0]}\nnode-1 ssh-rsa AAAA\nnode-1\n@new x y z`,
    "kh",
  );
  expect(entries).toEqual([]);
  expect(notes.map(note => note.split(":").slice(0, 2).join(":"))).toEqual(["kh:1", "kh:2", "kh:3", "kh:4"]);
  expect(notes[0]).toContain("certificates are not supported");
});

test("what is written is found by us and by ssh-keygen -F", () => {
  const file = path.join(folder, "written");
  writeFileSync(file, `${formatKnownHost([{ address: "node-1" }, { address: "10.0.0.1", port: 2333 }], key(0))}\n`);
  const { entries } = parseKnownHosts(readFileSync(file, "utf8"));
  for (const [name, port] of [
    ["node-1", 22],
    ["10.0.0.1", 2333],
  ] as const) {
    expect(matchKnownHosts(entries, name, port).trusted).toEqual([key(0)]);
    const argument = port === 22 ? name : `[${name}]:${port}`;
    expect(execFileSync("ssh-keygen", ["-F", argument, "-f", file], { encoding: "utf8" })).toContain(key(0).base64);
  }
});

test("no text makes the parser throw or trust", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, address) => {
      expect(matchKnownHosts(parseKnownHosts(text).entries, address).trusted).toEqual([]);
    }),
  );
});
