import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  certificateFromWire,
  describeCertificate,
  FOREVER,
  parseCertificate,
  validityTrouble,
} from "../../remote/certificate";
import { fingerprint } from "../../remote/host-key";
import { KEY_TYPES, KeyMaker } from "./certificates";

const maker = new KeyMaker();
const keys = KEY_TYPES.map(type => maker.key(`key-${type}`, type));
const authorities = KEY_TYPES.map(type => maker.key(`ca-${type}`, type));
afterAll(() => maker.remove());

function certificate(file: string) {
  const found = parseCertificate(readFileSync(file, "utf8"));
  if (!found) throw new Error("no certificate");
  return found;
}

/** What `ssh-keygen -L` prints, by its headings. */
function printed(file: string): Map<string, string[]> {
  const text = execFileSync("ssh-keygen", ["-L", "-f", file], { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
  const fields = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split("\n").slice(1).filter(Boolean)) {
    const [, name, value] = /^ {8}(\S.*?): ?(.*)$/.exec(line) ?? [];
    if (name === undefined) current.push(line.trim());
    else {
      current = value ? [value] : [];
      fields.set(name, current);
    }
  }
  return fields;
}

describe("every type of key, signed by every type of authority", () => {
  test.each(KEY_TYPES.flatMap(key => KEY_TYPES.map(authority => [key, authority] as const)))(
    "%s by %s: read as ssh-keygen -L reads it, and its signature is good",
    (key, authority) => {
      const [keyFile, caFile] = [maker.file(`key-${key}`), maker.file(`ca-${authority}`)];
      const wish = { principals: ["alice", "b o b"], id: "a test", serial: 2n ** 63n, validity: "20200101:20300101" };
      const file = maker.certify(caFile, keyFile, wish);
      const found = certificate(file);
      const shown = printed(file);
      expect(found.hasValidSignature).toBe(true);
      expect(shown.get("Type")?.[0]).toBe(`${found.type} user certificate`);
      expect(shown.get("Public key")?.[0]).toContain(fingerprint(found.key));
      expect(shown.get("Signing CA")?.[0]).toContain(fingerprint(found.authority));
      expect(shown.get("Key ID")?.[0]).toBe(`"${found.id}"`);
      expect(shown.get("Serial")?.[0]).toBe(String(found.serial));
      expect(shown.get("Principals")).toEqual(found.principals);
      expect(`${found.key.type} ${found.key.base64}`).toBe(maker.publicKey(keyFile).split(" ").slice(0, 2).join(" "));
    },
  );
});

test("one flipped bit anywhere is no certificate, or one with a bad signature", () => {
  const [key = "", ca = ""] = [keys[0], authorities[0]];
  const { wire } = certificate(maker.certify(ca, key, { principals: ["alice"] }));
  fc.assert(
    fc.property(fc.nat(wire.length * 8 - 1), bit => {
      const bent = Buffer.from(wire);
      bent.writeUInt8(bent.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(certificateFromWire(bent)?.hasValidSignature ?? false).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test("no bytes make the reader throw", () => {
  const { wire } = certificate(maker.certify(authorities[0] ?? "", keys[0] ?? ""));
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(wire.length), (bytes, length) => {
      expect(certificateFromWire(Buffer.from(bytes))).toBeUndefined();
      expect(certificateFromWire(Buffer.concat([wire.subarray(0, length), bytes]))?.hasValidSignature ?? false).toBe(
        length === wire.length && bytes.length === 0,
      );
    }),
  );
});

test("validity is from its first second up to, not with, its last", () => {
  const [key = "", ca = ""] = [keys[0], authorities[0]];
  const found = certificate(maker.certify(ca, key, { validity: "20240101000000Z:20240201000000Z" }));
  const at = (time: string) => validityTrouble(found, new Date(time));
  expect(at("2023-12-31T23:59:59.999Z")).toBe("it is not valid before 2024-01-01T00:00:00Z");
  expect(at("2024-01-01T00:00:00Z")).toBeUndefined();
  expect(at("2024-01-31T23:59:59.999Z")).toBeUndefined();
  expect(at("2024-02-01T00:00:00Z")).toBe("it expired at 2024-02-01T00:00:00Z");
  const always = certificate(maker.certify(ca, key, { validity: "always:forever" }));
  expect(always.validBefore).toBe(FOREVER);
  expect(validityTrouble(always, new Date(0))).toBeUndefined();
});

test("is described without letting its texts steer a terminal", () => {
  const [key = "", ca = ""] = [keys[0], authorities[0]];
  const wish = { id: "a\u001b[2Jb", principals: ["alice", "root"], validity: "20240101000000Z:20240201000000Z" };
  expect(describeCertificate(certificate(maker.certify(ca, key, wish)))).toBe(
    'certificate "a?[2Jb" for alice, root, valid until 2024-02-01T00:00:00Z',
  );
  expect(describeCertificate(certificate(maker.certify(ca, key, { validity: "always:forever" })))).toBe(
    'certificate "test" for no name, valid without an end',
  );
});

test("a plain public key is no certificate, nor is one of another type than it says", () => {
  const [key = "", ca = ""] = [keys[0], authorities[0]];
  expect(parseCertificate(maker.publicKey(key))).toBeUndefined();
  const line = readFileSync(maker.certify(ca, key), "utf8");
  expect(parseCertificate(line)).toBeDefined();
  expect(parseCertificate(line.replace("ssh-ed25519-cert", "ssh-rsa-cert"))).toBeUndefined();
});
