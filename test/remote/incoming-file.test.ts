import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseReceipt, receiveScript } from "../../remote/incoming-file";
import { run } from "../support/command";

const bytes = "all of it";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-incoming-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A host so busy that the ticker still speaks between the verdict and the end of the script. */
function slowAfter(verdict: string): string {
  return `echo() {
  command echo "$@"
  [ "$1" != ${verdict} ] || until tail -n 1 "$0.out" | grep -q ^at; do sleep 0.05; done
}
`;
}

test.each([
  { verdict: "whole", sent: bytes, expected: { kind: "whole" } },
  { verdict: "damaged", sent: "alL of it", expected: { kind: "damaged" } },
  { verdict: '"cut 3"', sent: "all", expected: { kind: "cut", bytes: 3, why: "" } },
])("progress that is told after the verdict does not hide it: $verdict", async ({ verdict, sent, expected }) => {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = { path: path.join(folder, "far", "file"), sizeBytes: bytes.length, sha256 };
  const script = slowAfter(verdict) + receiveScript(file, { command: "cat" });
  const out = path.join(folder, "sh.out");
  const done = await run("sh", ["-c", `exec sh -c "$1" "$2" >"$2.out"`, "sh", script, path.join(folder, "sh")], {
    input: sent,
  });
  const printed = readFileSync(out, "utf8");
  expect({ code: done.code, last: printed.trim().split("\n").at(-1) }).toEqual({
    code: 0,
    last: expect.stringMatching(/^at \d+$/),
  });
  expect(parseReceipt(printed, done.stderr)).toEqual(expected);
});

test("a script that did not come to its end has no verdict", () => {
  expect(parseReceipt("at 3\nat 7\n", "killed")).toBeUndefined();
});
