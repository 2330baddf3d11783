import fc from "fast-check";
import { hunks, lineDiff } from "../../../engine/display/line-diff";
import { resourceName } from "../../../engine/display/names";
import { changesOf, compare } from "../../../engine/display/property-diff";
import { pathOf } from "../../../engine/display/property-path";
import { propertyLines } from "../../../engine/display/property-text";
import { plainStyle, printable } from "../../../engine/display/style";
import { valueText } from "../../../engine/display/value-text";
import type { StepMetadata } from "../../../engine/events";
import { formatPath } from "../../../engine/planner/property-path";

const style = plainStyle;

test("names are the resource's own and the last part of its type", () => {
  expect(resourceName("urn:pulumi:dev::p::a:b:Cluster$a:b:Host::node::1")).toEqual({ name: "node::1", type: "Host" });
});

test("a line diff gives back both texts, and keeps a longest common part", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      expect(diff.filter(line => line.mark !== "+").map(line => line.text)).toEqual(before);
      expect(diff.filter(line => line.mark !== "-").map(line => line.text)).toEqual(after);
    }),
  );
  expect(lineDiff(["a", "b", "c"], ["a", "c", "d"]).map(line => line.mark + line.text)).toEqual([
    " a",
    "-b",
    " c",
    "+d",
  ]);
});

test("only the lines near a change are shown", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const after = before.map(line => (line === "line 9" ? "line nine" : line));
  expect(hunks(lineDiff(before, after)).map(line => line.mark + line.text)).toEqual([
    " …",
    " line 8",
    "-line 9",
    "+line nine",
    " line 10",
    " …",
  ]);
});

test("paths are read and written as Pulumi does", () => {
  for (const path of ["a", "a.b", "list[0].x", 'env["odd.key"]', "a[1][2]"])
    expect(formatPath(pathOf(path))).toBe(path);
  expect(pathOf('env["a\\"b"].c')).toEqual(["env", 'a"b', "c"]);
  expect(pathOf("[broken")).toEqual(["[broken"]);
});

test("values: secrets, unknowns and long ones", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hunter2" };
  expect(valueText({ a: [1, secret], b: null })).toBe("{ a: [1, [secret]], b: null }");
  expect(valueText("04da6b54-80e4-46f7-96ec-b56ff0331ba9")).toBe("computed at up");
  expect(valueText("x".repeat(5000))).toMatch(/^"x{79}… \(5,000 characters\)$/);
  expect(valueText("x".repeat(5000), true)).toHaveLength(5002);
});

test("a host's text can't move the cursor", () => {
  expect(printable("a\u001b[2Jb\u001b]0;title\u0007c\rd\u0008\n\te")).toBe("abcd\n\te");
});

test("lists that grow are a diff of their members", () => {
  const [change] = compare({ argv: ["a", "--x", "1"] }, { argv: ["a", "--y", "--x", "1"] });
  expect(change && propertyLines(change, { style })).toEqual(["argv:", '    "a"', '  + "--y"', '    "--x"', "    …"]);
});

function step(parts: Partial<StepMetadata>, before: object, after: object, outputs: object = before): StepMetadata {
  const state = { urn: "u", type: "t", id: "1", parent: "", provider: "" };
  return {
    op: "update",
    urn: "u",
    type: "t",
    provider: "",
    old: { ...state, inputs: { ...before }, outputs: { ...outputs } },
    new: { ...state, inputs: { ...after }, outputs: {} },
    ...parts,
  };
}

test("inputs that the provider ignores are not shown", () => {
  const changes = changesOf(
    step({ detailedDiff: { a: { diffKind: "update", inputDiff: true } } }, { a: 1, b: 1 }, { a: 2, b: 2 }),
  );
  expect(changes).toEqual([{ path: "a", before: 1, after: 2 }]);
});

test("changes that the option hideDiffs names are not shown", () => {
  const quiet = step({}, { a: { x: 1, y: 1 }, b: 1 }, { a: { x: 2, y: 2 }, b: 2 });
  const changes = changesOf({ ...quiet, ...(quiet.new && { new: { ...quiet.new, hideDiffs: ["a.x", "b"] } }) });
  expect(changes).toEqual([{ path: "a.y", before: 1, after: 2 }]);
});

test("what was found on the host and is not an input is said as found", () => {
  const detailedDiff = { running: { diffKind: "update" as const, inputDiff: false } };
  const [change] = changesOf(step({ detailedDiff, diffs: ["running"] }, { a: 1 }, { a: 1 }, { a: 1, running: false }));
  expect(change && propertyLines(change, { style })).toEqual(["running: found false, differs from what is declared"]);
});

test("a text that becomes a secret never shows the other side's lines as a diff", () => {
  const [change] = compare({ a: "x\ny" }, { a: "[secret]" });
  expect(change && propertyLines(change, { style })).toEqual(['a: "x\\ny" -> [secret]']);
});
