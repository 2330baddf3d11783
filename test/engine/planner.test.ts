import { decide } from "../../engine/planner/decide";
import { deletionWaves, dependentsOf } from "../../engine/planner/delete-order";
import { applyReplaceOnChanges, changed, NO_DIFF, settleUnknown } from "../../engine/planner/diff";
import { parseTimeout } from "../../engine/planner/goal";
import { keepOldValues } from "../../engine/planner/ignore-changes";
import { parsePath } from "../../engine/planner/property-path";
import { deleteStep } from "../../engine/planner/step";
import { bareState } from "../../engine/resource";
import { Secret } from "../../wire/values";

const old = bareState("a", "t", true);

test("nothing changed: same; but what never got ready is updated", () => {
  expect(decide(old, NO_DIFF, undefined).kind).toBe("same");
  expect(decide({ ...old, initErrors: ["not ready"] }, NO_DIFF, undefined).kind).toBe("update");
});

test("a replacing key replaces; the program's word on the order wins over the provider's", () => {
  const diff = { ...changed("kind"), deleteBeforeReplace: true };
  expect(decide(old, diff, undefined)).toMatchObject({ kind: "replace", deleteFirst: true });
  expect(decide(old, diff, false)).toMatchObject({ deleteFirst: false });
});

test("what was deleted for a replacement that never came is made, whatever the diff says", () => {
  expect(decide({ ...old, pendingReplacement: true }, NO_DIFF, undefined).kind).toBe("replace");
});

test("a provider that can't say what changed leaves it to the inputs, secrets or not", () => {
  const unknown = { ...NO_DIFF, changes: "unknown" as const };
  const was = { a: { x: 1, y: new Secret("s") }, list: [1, 2], gone: true };
  expect(settleUnknown(unknown, was, { ...was, a: { x: 1, y: "s" } }).changes).toBe("none");
  const diff = settleUnknown(unknown, was, { a: { x: 2, y: "s" }, list: [1, 3, 4] });
  expect(diff).toMatchObject({ changes: "some", diffKeys: ["a", "list", "gone"] });
  expect(Object.entries(diff.detailed).map(([path, { diffKind }]) => [path, diffKind])).toEqual([
    ["a.x", "update"],
    ["list[1]", "update"],
    ["list[2]", "add"],
    ["gone", "delete"],
  ]);
});

test("replaceOnChanges of a part replaces without a key of its own", () => {
  const detailed = { "value.x": { diffKind: "update" as const, inputDiff: true } };
  const diff = applyReplaceOnChanges({ ...changed(), diffKeys: ["value"], detailed }, ["value.x"]);
  expect(diff.replaceKeys).toEqual([]);
  expect(decide(old, diff, undefined).kind).toBe("replace");
});

test("deletes wait for what depends on them, and for all that lies as deep", () => {
  const a = bareState("a", "t", true);
  const b = { ...bareState("b", "t", true), dependencies: ["a"] };
  const c = { ...bareState("c", "t", true), parent: "b" };
  const lone = bareState("lone", "t", true);
  const context = { goingToo: new Set<string>() };
  const waves = deletionWaves([a, b, c, lone].map(state => deleteStep(state, context)));
  expect(waves.map(wave => wave.map(step => step.urn))).toEqual([["c"], ["b"], ["lone", "a"]]);
  expect(dependentsOf(new Set(["a"]), [a, b, c]).map(state => state.urn)).toEqual(["b", "c"]);
});

test("ignoreChanges puts old values back, and takes away what was not there", () => {
  const news = { a: { x: 1, y: 2 }, list: [1, 2], added: true };
  const olds = { a: { x: 9 }, list: [7, 8] };
  expect(keepOldValues(news, olds, ["a.x", "list[1]", "added"])).toEqual({
    inputs: { a: { x: 9, y: 2 }, list: [1, 8] },
    missed: [],
  });
});

test("paths and durations", () => {
  expect(parsePath('a.b[0]["odd.key"][*]')).toEqual(["a", "b", 0, "odd.key", "*"]);
  expect(parseTimeout("1h30m")).toBe(5400);
  expect(() => parseTimeout("nonsense")).toThrow("unable to parse customTimeout Value nonsense");
});
