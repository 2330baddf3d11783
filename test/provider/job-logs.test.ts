import { execFileSync } from "node:child_process";
import { LogEventReader, LogPlace, logScript } from "../../provider/muster/kinds/job/log-reading";
import type { JobRecord } from "../../provider/muster/kinds/job/observation";

const record: JobRecord = {
  job: "train",
  cluster: "dev",
  identityDigest: "d",
  incarnation: "abc",
  mode: "completed",
  ranks: [
    { host: "node-1", argv: ["a"] },
    { host: "node-12", argv: ["a"] },
  ],
  claims: [],
};
const text = (value: string) => Buffer.from(value);

test("the script is plain sh", () => {
  const place = new LogPlace();
  place.enter("abc");
  place.take(1, 5, text("x"));
  const script = logScript({ folder: "/a b", follow: true, lines: 4, since: { ageSeconds: 60 } }, place);
  expect(script).toContain("folder='/a b'\nrun=abc\nranks=''\nlines=4\nsince=''\nage=60\nfollow=1\nat_1=6\n");
  // The offsets are read by eval.
  execFileSync("shellcheck", ["--shell=sh", "--exclude=SC2034", "-"], { input: script });
});

describe("answers", () => {
  test("are read whatever the pieces they come in; a line that was cut off is left out", () => {
    const said = `job ${text(JSON.stringify(record)).toString("base64")}\nat 0 7\nbeat\ndata 0 7 ${text("héllo").toString("base64")}\nend failed 1000000000 1 137 exit\ndata 0 12 aG`;
    const reader = new LogEventReader();
    const events = [...text(said)].flatMap(byte => reader.push(Buffer.of(byte)));
    expect(events).toEqual([
      { kind: "job", record },
      { kind: "data", rank: 0, offset: 7, bytes: text("") },
      { kind: "data", rank: 0, offset: 7, bytes: text("héllo") },
      { kind: "end", finished: { status: "failed", at: "2001-09-09T01:46:40.000Z", first: 1, exitCode: 137 } },
    ]);
  });

  test("that nobody understands are an error, not silence", () => {
    expect(() => new LogEventReader().push(text("sh: disk full\n"))).toThrow(/not understood: sh: disk full/);
  });
});

describe("the place in a log", () => {
  test("joins parts: what is known already is left out, what is gone is counted", () => {
    const place = new LogPlace();
    place.enter("abc");
    expect(place.take(0, 100, text(""))).toEqual({ fresh: text(""), missing: 0 });
    expect(place.take(0, 100, text("abcd"))).toEqual({ fresh: text("abcd"), missing: 0 });
    expect(place.take(0, 102, text("cdef"))).toEqual({ fresh: text("ef"), missing: 0 });
    expect(place.take(0, 100, text("ab"))).toEqual({ fresh: text(""), missing: 0 });
    expect(place.take(0, 110, text("k"))).toEqual({ fresh: text("k"), missing: 4 });
    expect(place.offsets.get(0)).toBe(111);
  });

  test("another run is read from its beginning", () => {
    const place = new LogPlace();
    expect(place.enter("abc")).toBe(false);
    place.take(0, 100, text("abcd"));
    expect(place.enter("abc")).toBe(false);
    expect(place.enter("def")).toBe(true);
    expect(logScript({ folder: "/f", follow: true, lines: 4 }, place)).toMatch(/run=def\nranks=''\nlines=-1\n/);
    expect(place.take(0, 3, text("x"))).toEqual({ fresh: text("x"), missing: 3 });
  });
});
