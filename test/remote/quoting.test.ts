import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { ConnectionPool } from "../../remote/pool";
import { Redactor } from "../../remote/redact";
import { assignments, command, quote, script } from "../../remote/shell";
import { SshHosts } from "../../remote/ssh-hosts";
import { Cleanup } from "../support/cleanup";
import { Sshd } from "./sshd";

const SHELLS = [["/bin/sh"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]].filter(
  ([program = "", ...argv]) => spawnSync(program, [...argv, "-c", "true"]).status === 0,
);
const LOCALES = ["C", "C.UTF-8"];

/** What a shell may trip over, beside anything else. */
const awkward = fc.constantFrom(
  "'",
  '"',
  "\\",
  "$",
  "`",
  "!",
  "\n",
  "\r",
  "\t",
  " ",
  "*",
  "~",
  "#",
  "-",
  "=",
  "\x7f",
  "\x01",
  "\xff",
  "\u0085",
  "\u2028",
  "漢",
  "😀",
);
const anyText = fc
  .array(fc.oneof(awkward, fc.string({ unit: "binary", minLength: 1, maxLength: 3 })), { maxLength: 12 })
  // A half of a surrogate pair is no text: it cannot be written as UTF-8.
  .map(parts => Buffer.from(parts.join("").replaceAll("\0", "")).toString());
const anyBytes = fc.uint8Array({ min: 1, max: 255, maxLength: 40 }).map(bytes => Buffer.from(bytes).toString("latin1"));

test("there are a dash and a bash to ask", () => {
  expect(SHELLS.length).toBeGreaterThanOrEqual(2);
});

describe.each(SHELLS.map(shell => [shell.join(" "), shell] as const))("%s", (_name, [program = "", ...argv]) => {
  function run(text: Buffer | string, locale: string): Buffer {
    return spawnSync(program, argv, { input: text, env: { LC_ALL: locale, PATH: process.env.PATH } }).stdout;
  }

  test.each(LOCALES)("reads back any bytes but NUL as they were, also those that are no text (%s)", locale => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 5 }), values => {
        const line = Buffer.from(`${command(["printf", "%s\\0", "", ...values])}\n`, "latin1");
        expect(run(line, locale).toString("latin1").split("\0").slice(1, -1)).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });

  test("reads back any text as argument and as variable", () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const text = script(`printf '%s\\0' "$a" "$b" ${quote(one)}`, { a: one, b: other });
        expect(run(text, "C.UTF-8").toString().split("\0")).toEqual([one, other, one, ""]);
      }),
      { numRuns: 50 },
    );
  });

  test("a text that is quoted twice, for a shell in a shell, is read back", () => {
    fc.assert(
      fc.property(anyText, value => {
        const inner = command(["printf", "%s", value]);
        expect(run(`eval ${quote(inner)}; sh -c ${quote(inner)}\n`, "C.UTF-8").toString()).toBe(value + value);
      }),
      { numRuns: 30 },
    );
  });
});

test("a NUL is refused: in an argument, in a variable", () => {
  expect(() => quote("a\0b")).toThrow("NUL");
  expect(() => assignments({ name: "\0" })).toThrow("NUL");
});

describe("through a real sshd", () => {
  const cleanup = new Cleanup();
  let hosts: SshHosts;

  beforeAll(async () => {
    const sshd = await Sshd.start();
    cleanup.add(() => sshd.stop());
    const pool = new ConnectionPool();
    cleanup.add(() => pool.close());
    hosts = new SshHosts({ table: [sshd.host()], pool, redactor: new Redactor() });
  });
  afterAll(cleanup.run);

  test("any text comes back from a change, a change with standard input, and a query", async () => {
    const runner = hosts.runner("node-1");
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 3 }), async values => {
        const text = command(["printf", "%s\\0", ...values]);
        const wanted = values.map(value => `${value}\0`).join("");
        const payload = values.join("");
        const [change, piped, query] = await Promise.all([
          runner.mutate("say", text),
          runner.mutate("say", `${text}; cat`, { stdin: payload }),
          runner.query(text),
        ]);
        expect(change.stdout).toBe(wanted);
        expect(piped.stdout).toBe(wanted + payload);
        expect(query.stdout).toBe(wanted);
      }),
      { numRuns: 25 },
    );
  });

  test("bytes that are no text arrive as they are in standard input; in an output they are shown as U+FFFD", async () => {
    const bytes = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1));
    const runner = hosts.runner("node-1");
    const { stdout } = await runner.mutate("count", "od -An -v -tu1 | tr -s ' \\n' ' '", { stdin: bytes });
    expect(stdout.trim().split(" ").map(Number)).toEqual([...bytes]);
    expect((await runner.mutate("say", "printf 'a\\377b'")).stdout).toBe("a\ufffdb");
  });
});
