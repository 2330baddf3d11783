import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generateOpensshKeyPair, withComment } from "../../provider/muster/kinds/openssh-key";

describe("OpenSSH key pair", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "muster-key-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(["", "mesh", "a comment of several words"])(
    "ssh-keygen agrees on key and fingerprint, comment %p",
    comment => {
      const pair = generateOpensshKeyPair(comment);
      const file = path.join(folder, "key");
      writeFileSync(file, pair.privateKey, { mode: 0o600 });
      expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(pair.publicKey);
      expect(execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" })).toContain(pair.fingerprint);
      rmSync(file);
    },
  );

  test("a new comment leaves the key as it is", () => {
    const { publicKey } = generateOpensshKeyPair("old");
    expect(withComment(publicKey, "new")).toBe(publicKey.replace(/old$/, "new"));
  });
});
