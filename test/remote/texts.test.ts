import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { FakeHosts } from "../../remote/fake";
import { connectionKey, resolveAddress } from "../../remote/host-table";
import { Redactor } from "../../remote/redact";
import { assignments, quote, script } from "../../remote/shell";

describe("shell", () => {
  test("a bad variable name is refused", () => {
    expect(() => assignments({ "a b": "" })).toThrow('"a b"');
  });

  test("a composed script stops at the first failure", () => {
    const text = script('echo "$name"; false; echo never', { name: "it's" });
    const run = spawnSync("/bin/sh", ["-c", text], { encoding: "utf8" });
    expect([run.status, run.stdout]).toEqual([1, "it's\n"]);
  });
});

describe("redaction", () => {
  const secret = `p"a\\ss'w\u00f6rd+/`;
  const redactor = new Redactor();
  redactor.add(secret, "abc", undefined);

  test.each([
    ["plain", secret],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["URL", encodeURIComponent(secret)],
    ["quoted for sh", quote(secret).slice(1, -1)],
    ["base64", Buffer.from(secret).toString("base64")],
    ["base64 inside more text", Buffer.from(`user:${secret}@host`).toString("base64")],
    ["base64 inside more text, shifted", Buffer.from(`user1:${secret}@host`).toString("base64")],
  ])("%s", (_form, text) => {
    const redacted = redactor.redact(`before ${text} after`);
    expect(redacted).toContain("[secret]");
    expect(redacted.startsWith("before ")).toBe(true);
    expect(redacted.endsWith(" after")).toBe(true);
    expect(redacted).not.toContain(text);
  });

  test("a secret that begins another, and one that was named late, go as a whole", () => {
    const known = new Redactor();
    known.add("swordfish");
    expect(known.redact("swordfish-and-chips")).toBe("[secret]-and-chips");
    known.add("swordfish-and-chips", "swordfish");
    expect(known.redact("swordfish-and-chips, swordfish")).toBe("[secret], [secret]");
  });

  test("short texts are left alone", () => expect(redactor.redact("abc")).toBe("abc"));

  test("the lines of a private key are secrets too", () => {
    const keys = new Redactor();
    keys.add("-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END KEY-----\n");
    expect(keys.redact("  b3BlbnNzaC1rZXktdjEAAAAABG5vbmU")).toBe("  [secret]");
  });

  test("no secret of four or more characters survives", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (text, before, after) => {
        const one = new Redactor();
        one.add(text);
        const redacted = one.redact(`${before}${text}${after}`);
        expect(redacted.replaceAll("[secret]", "\0")).not.toContain(text);
      }),
    );
  });
});

describe("host table", () => {
  const host = { name: "a", address: "10.0.0.1", user: "root", hostKeys: [] };

  test("one address on two ports is two connections; the same one under two names is one", () => {
    const key = (changes: object) => connectionKey(resolveAddress({ ...host, ...changes }, []));
    expect(key({ port: 22 })).toBe(key({ name: "b" }));
    expect(key({ port: 2222 })).not.toBe(key({}));
    expect(key({ bastion: { ...host, address: "gate" } })).not.toBe(key({}));
  });

  test("a bastion that is not in the table is named", () => {
    expect(() => resolveAddress({ ...host, bastion: "gate" }, [])).toThrow(
      'host a: bastion "gate" is not in the host table',
    );
  });
});

describe("fake hosts", () => {
  test("answer by rule, later rules first, and record", async () => {
    const hosts = new FakeHosts()
      .query("uname", "Linux\n")
      .query(/^uname -r/, "6.1\n", "b")
      .mutate("write", { exitCode: 1 });
    expect((await hosts.probe("a").query("uname -r")).stdout).toBe("Linux\n");
    expect((await hosts.probe("b").query("uname -r")).stdout).toBe("6.1\n");
    expect((await hosts.runner("a").mutate("write /etc/x", "cat", { stdin: "text" })).exitCode).toBe(1);
    expect(hosts.mutations).toEqual(["a: write /etc/x"]);
    expect(hosts.calls[2]?.stdin).toBe("text");
    hosts.assertExpected();
  });

  test("a command without a rule fails, also when the caller swallows it", async () => {
    const hosts = new FakeHosts().mutate("uname");
    await expect(hosts.probe("a").query("uname")).rejects.toThrow("no rule");
    expect(() => hosts.assertExpected()).toThrow("a: query");
  });
});
